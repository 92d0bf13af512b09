"""A part's options in words, for tables and reference pages."""

import json
import re
from typing import Any, Final, Literal, get_args, get_origin

import attrs

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")  # keys that TOML wants no quotes around


@attrs.frozen
class Option:
    """One option of a part: its name, type and default as a spec's writer would type them, and its help."""

    name: str
    type: str
    default: str
    help: str


def options_of(cls: type) -> list[Option]:
    """Every option of an options class, in order of declaration."""
    return [
        Option(field.name, describe_type(field.type), _default(field), field.metadata.get("help", ""))
        for field in attrs.fields(cls)
    ]


def describe_type(kind: Any) -> str:
    """A type as TOML sees it: `integer`, `"a" | "b"`, `list of float`."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(to_toml(choice) for choice in args)
    if origin is tuple:
        return f"list of {describe_type(args[0])}"
    if args:
        return " | ".join(describe_type(arg) for arg in args if arg is not type(None))
    return {int: "integer", str: "string", bool: "boolean"}.get(kind, getattr(kind, "__name__", str(kind)))


def to_toml(value: Any) -> str:
    """A scalar, a list or a table, written inline, as a TOML value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # TOML's basic strings escape alike
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(to_toml, value))}]"
    if isinstance(value, dict):
        pairs = (f"{_key(str(key))} = {to_toml(item)}" for key, item in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return str(value)


def said(value: Any) -> str:
    """A value as a sentence or a table says it: as TOML, but for the quotes of words."""
    return value if isinstance(value, str) else to_toml(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else to_toml(name)


def _default(field: "attrs.Attribute[Any]") -> str:
    if field.default is attrs.NOTHING:
        return "required"
    default: Any = field.default
    value = default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]
    return "unset" if value is None else to_toml(value)
