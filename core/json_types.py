"""The type and the validators of an option as keywords of JSON Schema.

What is not understood adds nothing: the schema then allows more than the zoo does, and `bczoo check` has the last word.
"""

import math
import re
from collections.abc import Callable
from functools import reduce
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import attrs
from attrs.validators import and_, deep_iterable, ge, in_, matches_re, max_len, min_len, optional

Schema = dict[str, Any]

TYPES: Final = {int: "integer", float: "number", str: "string", bool: "boolean"}

# attrs names the makers of its validators in public, their classes not.
_ALL: Final[Any] = type(and_(ge(0)))
_UNLESS_NONE: Final[Any] = type(optional(ge(0)))
_EACH: Final[Any] = type(deep_iterable(ge(0)))
_NUMBER: Final[Any] = type(ge(0))
_SHORTEST: Final[Any] = type(min_len(0))
_LONGEST: Final[Any] = type(max_len(0))
_ONE_OF: Final[Any] = type(in_(()))
_MATCHES: Final[Any] = type(matches_re(""))

_BOUNDS: Final = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}
_LENGTHS: Final = {"array": "Items", "string": "Length"}
_LOWER: Final = ("minimum", "exclusiveMinimum", "minItems", "minLength")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxItems", "maxLength")
_ANCHORS: Final = {"fullmatch": "^(?:{})$", "match": "^(?:{})", "search": "{}"}

# Regular expressions that mean the same everywhere: no groups with extras, no escapes of Python's own.
_PORTABLE: Final = re.compile(r"(?:[^\\(]|\\[dDwWsSnrt]|\\\W|\((?!\?)|\(\?:)*")


def of_type(kind: Any, table: Callable[[type], Schema]) -> Schema:
    """What a value of this type looks like in TOML; `table` gives the schema of an attrs class.

    TOML has no null, so None is left out of unions. Types beyond those that `bczoo.schema` reads strictly allow
    everything.
    """
    if isinstance(kind, type) and kind in TYPES:
        return {"type": TYPES[kind]}
    if isinstance(kind, type) and attrs.has(kind):
        return table(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _choices(args)
    if origin is tuple:
        return _list(args, table)
    if origin in (Union, UnionType):
        kinds = [arg for arg in args if arg is not NoneType]
        return of_type(kinds[0], table) if len(kinds) == 1 else {}
    return {}


def _choices(values: tuple[Any, ...]) -> Schema:
    values = tuple(value for value in values if type(value) in TYPES)
    types = list(dict.fromkeys(TYPES[type(value)] for value in values))
    return {"type": types[0] if len(types) == 1 else types, "enum": list(values)} if values else {}


def _list(kinds: tuple[Any, ...], table: Callable[[type], Schema]) -> Schema:
    items = [of_type(kind, table) for kind in kinds if kind is not Ellipsis]
    if kinds[-1] is Ellipsis:
        return {"type": "array", "items": items[0]}
    length = {"minItems": len(items), "maxItems": len(items)}
    if all(item == items[0] for item in items):
        return {"type": "array", "items": items[0]} | length
    # And not `"items": false`: to checkers of older drafts, which do not know prefixItems, that forbids every item.
    return {"type": "array", "prefixItems": items} | length


def constrain(schema: Schema, validator: Any) -> Schema:
    """`schema` and what a validator demands beyond it."""
    if isinstance(validator, _ALL):
        return reduce(constrain, validator._validators, schema)
    if isinstance(validator, _UNLESS_NONE):
        return constrain(schema, validator.validator)
    if isinstance(validator, _EACH):
        return constrain(_constrain_items(schema, validator.member_validator), validator.iterable_validator)
    new = _keywords(schema.get("type"), validator)
    return schema | {key: _stricter(key, schema[key], value) if key in schema else value for key, value in new.items()}


def _constrain_items(schema: Schema, validator: Any) -> Schema:
    if "items" in schema:
        return schema | {"items": constrain(schema["items"], validator)}
    if "prefixItems" in schema:
        return schema | {"prefixItems": [constrain(item, validator) for item in schema["prefixItems"]]}
    return schema


def _keywords(of: Any, validator: Any) -> Schema:
    if isinstance(validator, _NUMBER) and of in ("integer", "number") and _finite(validator.bound):
        return {_BOUNDS[validator.compare_op]: validator.bound}
    if isinstance(validator, _SHORTEST) and of in ("array", "string"):
        return {f"min{_LENGTHS[of]}": validator.min_length}
    if isinstance(validator, _LONGEST) and of in ("array", "string"):
        return {f"max{_LENGTHS[of]}": validator.max_length}
    if isinstance(validator, _ONE_OF):
        return _one_of(of, validator.options)
    if isinstance(validator, _MATCHES) and of == "string":
        return _pattern(validator.pattern, validator.match_func.__name__)
    return {}


def _finite(bound: Any) -> bool:
    return type(bound) in (int, float) and math.isfinite(bound)


def _one_of(of: Any, options: Any) -> Schema:
    if not isinstance(options, (list, tuple, set, frozenset, dict)):
        return {}
    numbers = of in ("integer", "number")
    fits = all(_finite(value) if numbers else TYPES.get(type(value)) == of for value in options)
    # Sorted, because attrs keeps a set as a tuple in the order of the moment.
    return {"enum": sorted(options)} if fits and options else {}


def _pattern(pattern: re.Pattern[Any], how: str) -> Schema:
    source = pattern.pattern
    if not isinstance(source, str) or pattern.flags != re.UNICODE or not _PORTABLE.fullmatch(source):
        return {}
    return {"pattern": _ANCHORS[how].format(source)}


def _stricter(key: str, old: Any, new: Any) -> Any:
    """Of two demands by one keyword the one that implies the other, or the first where that takes more than numbers."""
    if key in _LOWER:
        return max(old, new)
    return min(old, new) if key in _UPPER else old
