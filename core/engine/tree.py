"""Nested states of torch's objects, as named tensors and plain JSON: what pickle is otherwise used for."""

import math
from typing import Any

from torch import Tensor

from bczoo.errors import BczooError

# How JSON writes what it has no word for; a table of one such key is none of the state's own.
_TENSOR, _FLOAT, _TUPLE, _TABLE = "$tensor", "$float", "$tuple", "$table"


def pack(tree: Any) -> tuple[dict[str, Tensor], Any]:
    """Split a tree into its tensors, by path, and JSON values that say where they belong.

    A tree is made of dicts with keys of strings or whole numbers, lists, tuples, tensors, numbers, strings,
    booleans and None; raises BczooError naming the place of anything else.
    """
    tensors: dict[str, Tensor] = {}
    return tensors, _pack(tree, "state", tensors)


def _pack(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        while path in tensors:  # {"a.b": ...} and {"a": {"b": ...}}, or 1 and "1"
            path += "'"
        tensors[path] = value
        return {_TENSOR: path}
    if isinstance(value, dict):
        # As pairs, since JSON would turn whole numbers into strings.
        return {_TABLE: [[_key(key, path), _pack(item, f"{path}.{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {_TUPLE: _each(value, path, tensors)}
    if isinstance(value, list):
        return _each(value, path, tensors)
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise BczooError(
        f"{path} is a {type(value).__name__}, which a training state cannot hold; make it numbers or tensors"
    )


def _each(values: list[Any] | tuple[Any, ...], path: str, tensors: dict[str, Tensor]) -> list[Any]:
    return [_pack(item, f"{path}.{place}", tensors) for place, item in enumerate(values)]


def _key(key: Any, path: str) -> str | int:
    if isinstance(key, str | int):
        return key
    raise BczooError(f"{path} has the key {key!r}; a training state has keys of strings or whole numbers")


def unpack(tensors: dict[str, Tensor], table: Any) -> Any:
    """The tree that `pack` took apart; raises KeyError, TypeError or ValueError for what it did not make."""
    if isinstance(table, list):
        return [unpack(tensors, item) for item in table]
    if not isinstance(table, dict):
        return table
    ((mark, value),) = table.items()
    if mark == _TENSOR:
        return tensors[value]
    if mark == _FLOAT:
        return float(value)
    if mark == _TUPLE:
        return tuple(unpack(tensors, item) for item in value)
    if mark != _TABLE:
        raise ValueError(f"unknown mark {mark!r}")
    return {key: unpack(tensors, item) for key, item in value}
