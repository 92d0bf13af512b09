"""Where in a spec each kind of part is chosen."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Final, get_origin

import attrs

from bczoo.spec import Spec

_VALUES: Final = {"true", "false", "inf", "nan"}  # which TOML does not take for words


@attrs.frozen(kw_only=True)
class Place:
    """A key path, e.g. policy.backbone, that holds one part of a kind, or a list of them if `many`."""

    key: str
    many: bool

    def assignment(self, *names: str) -> str:
        """What chooses the parts of these names, one unless there may be many, after --set."""
        if self.many:
            return f"{self.key}=[{', '.join(f'{{use={json.dumps(name)}}}' for name in names)}]"
        (name,) = names
        bare = name.isidentifier() and name not in _VALUES
        return f"{self.key}.use={name if bare else json.dumps(name)}"

    @property
    def header(self) -> str:
        """The header of its table in TOML."""
        return f"[[{self.key}]]" if self.many else f"[{self.key}]"


@cache
def places() -> dict[str, Place]:
    """The place of every kind."""
    return dict(_places(Spec, ()))


def _places(cls: type, path: tuple[str, ...]) -> Iterator[tuple[str, Place]]:
    for field in attrs.fields(cls):
        inner = (*path, field.name)
        if kind := field.metadata.get("part"):
            yield kind, Place(key=".".join(inner), many=get_origin(field.type) is tuple)
        elif isinstance(field.type, type) and attrs.has(field.type):
            yield from _places(field.type, inner)
