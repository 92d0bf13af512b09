"""The options class of a card: declared when its module is imported, made by attrs when it is first used.

attrs compiles half a dozen methods for a class, which takes as long as importing a small module. Listing a zoo of
hundreds of cards uses none of these classes, and training uses ten.
"""

from threading import RLock
from typing import Any

import attrs

from bczoo.errors import BczooError

# Every use of a class begins with one of these: making an instance, unpickling one, asking for the fields.
_WAYS_IN = ("__init__", "__setstate__", "__attrs_attrs__")
# What a class may write itself; attrs then leaves it alone.
_OWN = {"__init__", "__getstate__", "__setstate__"}
_making = RLock()  # a class may have to make its base


class _Later:
    """Stands where attrs will write something, and has it write when somebody looks there."""

    def __init__(self, cls: type, name: str) -> None:
        self.cls = cls
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        _make(self.cls)
        made = vars(self.cls)[self.name]
        return made.__get__(instance, owner) if callable(made) else made


def make_later(cls: type) -> None:
    """Have `cls` become a frozen attrs class when it is first used; it stays the same object."""
    if _OWN & vars(cls).keys():
        attrs.frozen(kw_only=True, slots=False, field_transformer=_typed)(cls)
        return
    for name in _WAYS_IN:
        setattr(cls, name, _Later(cls, name))


def _make(cls: type) -> None:
    with _making:
        if not isinstance(vars(cls)["__attrs_attrs__"], _Later):
            return  # another thread was first
        try:
            # Told to write both methods, attrs does not take their stand-ins for the class's own.
            attrs.frozen(kw_only=True, slots=False, field_transformer=_typed, init=True, getstate_setstate=True)(cls)
        except Exception as error:
            raise BczooError(
                f"the options {cls.__module__}.{cls.__qualname__} are no attrs class: {type(error).__name__}: {error}"
            ) from error


def _typed(cls: type, fields: list["attrs.Attribute[Any]"]) -> list["attrs.Attribute[Any]"]:
    """Types instead of their names, before anybody can see the fields."""
    attrs.resolve_types(cls, attribs=fields)
    return fields
