"""From plain tables to typed options, with every mistake found and each one's key path kept."""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import cache, partial
from itertools import repeat
from typing import Any, Literal, get_args, get_origin

import attrs
import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from bczoo.card import card_of
from bczoo.errors import InputError, brief, clip, suggest
from bczoo.files import check_depth
from bczoo.registry import zoo

Path = tuple[str, ...]

_MANY = 20  # mistakes of one kind in one table or list; to name more helps nobody

# What TOML itself promises to hold; more than that is refused far from the spec, by torch or numpy.
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1

_NAMES = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}


def _short(what: str) -> str:
    return clip(what, 500)  # it quotes whatever was given


@attrs.frozen
class Mistake:
    """What is wrong, and the key path it is wrong at (empty for the whole spec)."""

    path: Path
    what: str = attrs.field(converter=_short)

    def __str__(self) -> str:
        return f"{clip('.'.join(self.path), 200)}: {self.what}" if self.path else self.what


class Mistakes(Exception):
    """All mistakes of one table."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(map(str, mistakes)))


def structure(table: Any, cls: type, path: Path = ()) -> Any:
    """Build `cls` (an attrs options class) from a table as TOML gives it; raises Mistakes."""
    try:
        check_depth(table)
        return _converter().structure(table, cls)
    except Exception as error:
        raise Mistakes(tuple(_explain(error, path))) from error


def structure_part(table: Any, kind: str, path: Path = ()) -> Any:
    """Build the options of the part of `kind` that the table's `use` names; raises Mistakes."""
    try:
        check_depth(table)
        return _part(table, kind)
    except Exception as error:
        raise Mistakes(tuple(_explain(error, path))) from error


def unstructure(value: Any) -> Any:
    """The table that `structure` would read back; options that are None are left out."""
    if attrs.has(type(value)):
        table = {"use": card_of(value).name} if hasattr(value, "__card__") else {}
        for field in attrs.fields(type(value)):
            if (item := getattr(value, field.name)) is not None:
                table[field.name] = unstructure(item)
        return table
    if isinstance(value, (list, tuple)):
        return [unstructure(item) for item in value]
    return value


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook_factory(attrs.has, partial(_options_hook, converter))
    converter.register_structure_hook_factory(_made_from(tuple), partial(_tuple_hook, converter))
    converter.register_structure_hook_func(_made_from(Literal), _literal)
    for kind in _NAMES:
        converter.register_structure_hook(kind, _strict)
    return converter


def _made_from(origin: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def _strict(value: Any, kind: Any) -> Any:
    # cattrs would turn "3" into 3 and 1 into True; a spec should mean what it says.
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise ValueError(f"expected {_NAMES[kind]}, got {brief(value)}")
    if type(value) is int and not _SMALLEST <= value <= _LARGEST:
        raise ValueError(f"expected {_NAMES[kind]} of at most 64 bits, got one of {value.bit_length()} bits")
    if kind is float and not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value}")
    return kind(value)


def _literal(value: Any, kind: Any) -> Any:
    choices = get_args(kind)
    for choice in choices:
        if value == choice and type(value) is type(choice):
            return choice
    near = get_close_matches(str(value), [choice for choice in choices if isinstance(choice, str)], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{brief(value)} is not one of {', '.join(map(repr, choices))}{hint}")


def _tuple_hook(converter: cattrs.Converter, kind: Any) -> Callable[[Any, Any], Any]:
    kinds = get_args(kind)
    open_ended = kinds[-1] is Ellipsis

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"expected a list, got {brief(value)}")
        if not open_ended and len(value) != len(kinds):
            raise ValueError(f"expected a list of {len(kinds)}, got {brief(value)}")
        return _each(converter.structure, value, repeat(kinds[0]) if open_ended else kinds)

    return hook


def _each(read: Callable[[Any, Any], Any], values: list[Any], kinds: Iterable[Any]) -> tuple[Any, ...]:
    """Read every item as its kind; raises the Mistakes of all of them, at their places in the list."""
    done: list[Any] = []
    mistakes: list[Mistake] = []
    for index, (value, kind) in enumerate(zip(values, kinds, strict=False)):
        try:
            done.append(read(value, kind))
        except Exception as error:
            mistakes += _explain(error, (str(index),))
            if len(mistakes) > _MANY:
                break
    if mistakes:
        raise Mistakes(tuple(mistakes))
    return tuple(done)


def _options_hook(converter: cattrs.Converter, cls: type) -> Callable[[Any, Any], Any]:
    hooks = {field.name: override(struct_hook=_field_hook(converter, field)) for field in attrs.fields(cls)}
    # mypy cannot see that the overrides are keyword arguments named after fields.
    read: Callable[[Any, Any], Any] = make_dict_structure_fn(cls, converter, **hooks)  # type: ignore[arg-type]

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected a table, got {brief(value)}")
        return read(value, cls)

    return hook


def _field_hook(converter: cattrs.Converter, field: "attrs.Attribute[Any]") -> Callable[[Any, Any], Any]:
    """Structure one field and run its validator there and then, so that a mistake keeps its key path."""
    kind: Any = field.metadata.get("part")
    default = field.metadata.get("use")
    many = kind and get_origin(field.type) is tuple

    def hook(value: Any, type_: Any) -> Any:
        if many:
            value = _parts(kind, value)
        elif kind:
            value = _part({"use": default} | value if default and isinstance(value, dict) else value, kind)
        else:
            value = converter.structure(value, type_)
        if field.validator is not None:
            field.validator(None, field, value)
        return value

    return hook


def _parts(kind: str, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list of tables, got {brief(value)}")
    return _each(_part, value, repeat(kind))


def _part(table: Any, kind: str) -> Any:
    if not isinstance(table, dict):
        raise ValueError(f'expected a table with `use = "..."`, got {brief(table)}')
    options = dict(table)
    name = options.pop("use", None)
    if name is None:
        raise ValueError(f'missing `use = "..."`; `bczoo list {kind}` shows what there is')
    if not isinstance(name, str):
        raise InputError(f"expected a string, got {brief(name)}")
    return _converter().structure(options, zoo().get(kind, name).options)


def _explain(error: Exception, path: Path) -> Iterator[Mistake]:
    if isinstance(error, ClassValidationError):
        named, unnamed = error.group_exceptions()
        for inner, note in named:
            yield from _explain_field(inner, (*path, note.name), error.cl)
        for inner in unnamed:
            yield from _explain_whole(inner, path, error.cl)
    elif isinstance(error, IterableValidationError):
        for inner, item in error.group_exceptions()[0]:
            yield from _explain(inner, (*path, str(item.index)))
    elif isinstance(error, Mistakes):
        yield from (Mistake((*path, *inner.path), inner.what) for inner in error.mistakes)
    elif isinstance(error, InputError):
        yield Mistake((*path, "use"), str(error))
    elif isinstance(error, (ValueError, TypeError)):
        yield Mistake(path, _said(error))
    else:  # the validator of a plugin may raise what it likes
        yield Mistake(path, f"{type(error).__name__}: {error}")


def _explain_field(error: Exception, path: Path, cls: type) -> Iterator[Mistake]:
    if isinstance(error, KeyError):
        help = attrs.fields_dict(cls)[path[-1]].metadata.get("help", "")
        yield Mistake(path, f"required, but missing: {help}")
    else:
        yield from _explain(error, path)


def _explain_whole(error: Exception, path: Path, cls: type) -> Iterator[Mistake]:
    if isinstance(error, ForbiddenExtraKeysError):
        known = attrs.fields_dict(cls)
        for key in sorted(error.extra_fields)[:_MANY]:
            yield Mistake((*path, key), f"unknown key; {suggest(key, known)}")
    else:
        yield from _explain(error, path)


def _said(error: Exception) -> str:
    # attrs' validators say "'demos' must be >= 1: 0"; the key path already names the field.
    return re.sub(r"^'\w+' (?=must|should)", "", str(error.args[0] if error.args else error))
