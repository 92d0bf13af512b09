"""Options classes and parts as tables of a JSON Schema, each defined once and referred to from everywhere else."""

import math
from contextlib import suppress
from typing import Any, get_origin
from urllib.parse import quote

import attrs

from bczoo.card import Card
from bczoo.errors import raised
from bczoo.json_types import Schema, constrain, of_type
from bczoo.registry import Registry
from bczoo.schema import unstructure

# How a part is chosen, here by the key `backbone` for the kind of that name:
#
#     "backbone": {"anyOf": [true, <backbone-keys>], "if": <has a use>, "then": <backbone>, "else": <the default part>}
#     <backbone>: `use` is one of ...; if it is "cnn" then <backbone.cnn>, if it is "timm" then <backbone.timm>, ...
#     <backbone.cnn>: its options and no other key
#     <backbone-keys>: `use`, and every option that some backbone has
#
# `oneOf` over the parts would accept and refuse the same. But checkers answer one wrong option with "not valid under
# any of the schemas" for the whole table, where `if` and `then` let them name the option, or the `use`, that is wrong.
# The language server taplo, in turn, completes and explains what it finds in `anyOf` and `properties`, never what is in
# `then`, and offers a table once for every alternative. So it is given <backbone-keys>, one table with all there is,
# and the `true` beside it keeps that table from refusing anything.


@attrs.define
class Tables:
    """Makes the schemas of tables, and keeps in `defined` what they refer to."""

    registry: Registry
    defined: dict[str, Schema] = attrs.field(factory=dict)

    def table(self, cls: type) -> Schema:
        """The schema of an attrs options class."""
        with suppress(NameError):  # a name that only type checkers know: such an option may hold anything
            attrs.resolve_types(cls)
        fields = [field for field in attrs.fields(cls) if field.init]
        required = [field.name for field in fields if field.default is attrs.NOTHING]
        return {
            "type": "object",
            "properties": {field.name: self._option(field) for field in fields},
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def _option(self, field: "attrs.Attribute[Any]") -> Schema:
        kind, use = field.metadata.get("part"), field.metadata.get("use")
        if kind and get_origin(field.type) is tuple:
            schema: Schema = {"type": "array", "items": self._choice(kind, use=None)}
        elif kind:
            schema = self._choice(kind, use)
        else:
            schema = of_type(field.type, self._nested)
        return {
            "description": field.metadata.get("help", ""),
            **constrain(schema, field.validator),
            **({"default": {"use": use}} if use else _default(field)),
        }

    def _nested(self, cls: type) -> Schema:
        name = f"{cls.__module__}.{cls.__qualname__}"
        if name not in self.defined:
            self.defined[name] = {}  # a class may hold others of its own
            self.defined[name] = {"description": _summary(cls), **self.table(cls)}
        return _ref(name)

    def _choice(self, kind: str, use: str | None) -> Schema:
        self._define(kind)
        named = {"type": "object", "required": ["use"]}
        unnamed = _ref(f"{kind}.{use}") if (kind, use) in self.registry.cards else named
        return {"anyOf": [True, _ref(f"{kind}-keys")], "if": named, "then": _ref(kind), "else": unnamed}

    def _define(self, kind: str) -> None:
        """Define a kind, its keys and its parts."""
        if kind in self.defined:
            return
        cards = self.registry.of_kind(kind)
        self.defined[kind] = {
            "properties": {"use": {"enum": [card.name for card in cards]}},
            **({"allOf": [_if_used(card) for card in cards]} if cards else {}),
        }
        for card in cards:
            self.defined[f"{kind}.{card.name}"] = self._part(card)
        self.defined[f"{kind}-keys"] = self._keys(kind, cards)

    def _part(self, card: Card) -> Schema:
        about = _about(card)
        try:
            table = self.table(card.options)
        except Exception as error:  # a plugin may fail in any way it likes, and is no reason to have no schema at all
            table = {"type": "object", "properties": {}}
            about += f"; its options cannot be read: {raised(error)}"
        use = {"const": card.name, "description": card.summary}
        return {
            "title": f"{card.kind} {card.name}",
            "description": about,
            **table,
            "properties": {"use": use, **table["properties"]},
        }

    def _keys(self, kind: str, cards: list[Card]) -> Schema:
        """Every key that a table of this kind may have, whichever part it chooses."""
        names = [card.name for card in cards]
        parts = {name: self.defined[f"{kind}.{name}"]["properties"] for name in names}
        keys = dict.fromkeys(key for options in parts.values() for key in options if key != "use")
        return {
            "title": kind,
            "description": f"{kind}, chosen by `use`: {', '.join(names)}",
            "type": "object",
            "properties": {
                "use": {
                    "description": f"the {kind}'s name; `bczoo list {kind}` shows what there is",
                    "type": "string",
                    "enum": names,
                    "x-taplo": {"docs": {"enumValues": [_about(card) for card in cards]}},
                },
                **{key: _of_any({name: parts[name][key] for name in names if key in parts[name]}) for key in keys},
            },
            "required": ["use"],
        }


def _of_any(options: dict[str, Schema]) -> Schema:
    """The options of one name that parts have, each saying of which parts it is, and all alike said once."""
    distinct: list[tuple[Schema, list[str]]] = []
    for name, option in options.items():
        same = next((names for other, names in distinct if other == option), None)
        if same is None:
            distinct.append((option, [name]))
        else:
            same.append(name)
    shown = [option | {"description": f"{option['description']} ({', '.join(names)})"} for option, names in distinct]
    return shown[0] if len(shown) == 1 else {"anyOf": shown}


def _if_used(card: Card) -> Schema:
    return {"if": {"properties": {"use": {"const": card.name}}}, "then": _ref(f"{card.kind}.{card.name}")}


def _about(card: Card) -> str:
    return f"{card.summary} ({card.origin})".strip()


def _summary(cls: type) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0]


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{quote(name.replace('~', '~0').replace('/', '~1'), safe='~')}"}


def _default(field: "attrs.Attribute[Any]") -> Schema:
    """The option's default, where TOML has a value for it; tables have none, their own options do."""
    default: Any = field.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        default = None if default.takes_self else default.factory()
    value = unstructure(default)
    return {"default": value} if _plain(value) and not attrs.has(type(default)) else {}


def _plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_plain, value.values()))
    return type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value))
