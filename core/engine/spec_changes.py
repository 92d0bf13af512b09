"""What differs between two specs, key by key."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

# Neither what is learnt nor how it is judged from a start depends on these, but for the last bits of what is decided in
# batches; under shifts it is judged as well.
_NO_DIFFERENCE: Final = {
    "name",
    "data.path",
    "eval.episodes",
    "eval.slots",
    "eval.batch",
    "eval.videos",
    "eval.shift",
}


@attrs.frozen(kw_only=True)
class Change:
    """A key that two specs give different values; None where one does not have it."""

    key: str
    baseline: Any
    run: Any

    @property
    def is_seed(self) -> bool:
        """Whether it is only chance that differs."""
        return self.key.rpartition(".")[2] == "seed"


def changes(baseline: dict[str, Any], run: dict[str, Any]) -> list[Change]:
    """The keys at which `run` differs, in the order of the specs, options of parts included.

    Names, and places of demonstrations, are left out; so is what changes only how many starts are judged, how fast, and
    under what else.
    """
    before, after = dict(_leaves(baseline)), dict(_leaves(run))
    return [
        Change(key=key, baseline=before.get(key), run=after.get(key))
        for key in (before | after)
        if before.get(key) != after.get(key) and key not in _NO_DIFFERENCE
    ]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key path and its value; the parts of a list are numbered, and an empty list is nothing at all."""
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list) and (not value or any(isinstance(item, dict) for item in value)):
        items = enumerate(value)
    else:
        yield path, value
        return
    for key, item in items:
        yield from _leaves(item, f"{path}.{key}" if path else str(key))
