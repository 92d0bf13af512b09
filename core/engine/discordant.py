"""Counting the starts from which only one of two results succeeds; needs neither torch nor SciPy."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class Ended(Protocol):
    """A start and how it ended: an episode just played, or one read from a file."""

    @property
    def index(self) -> int:
        """Its number."""

    @property
    def seed(self) -> int:
        """What its env was reset with."""

    @property
    def success(self) -> bool:
        """Whether it was won."""


class Discordant(NamedTuple):
    """How many starts the second result wins and the first does not, and how many the other way round."""

    won: int
    lost: int


def discordant(before: Iterable[Ended], after: Iterable[Ended]) -> Discordant:
    """Compare two results start by start; one that only one of them has counts for nothing."""
    then = {(one.index, one.seed): one.success for one in before}
    pairs = [(then.get((one.index, one.seed)), one.success) for one in after]
    return Discordant(won=pairs.count((False, True)), lost=pairs.count((True, False)))
