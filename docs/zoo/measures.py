"""What the runs of a sweep say, by the statistics of `bczoo sweep`: rates over seeds, and differences between cells."""

import attrs
import numpy as np
import numpy.typing as npt

from bczoo.engine.paired import LEVEL, holm
from bczoo.engine.sweep_statistics import mean_effect, rate_over_seeds

Wins = npt.NDArray[np.float64]  # 0 and 1, (seeds, starts)
Interval = tuple[float, float]


@attrs.frozen(kw_only=True)
class Rate:
    """Success of a cell: the interquartile mean over its seeds, its 95 % interval, and each seed's rate."""

    value: float
    interval: Interval
    seeds: tuple[float, ...]


@attrs.frozen(kw_only=True)
class Difference:
    """Mean success of a cell minus that of another, its 95 % interval, and its p-value.

    The p-value of one that is `corrected` is that after Holm's correction for all of the page.
    """

    value: float
    interval: Interval
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether chance alone would seldom give it."""
        return self.p_value <= LEVEL


def rate(wins: Wins) -> Rate:
    """How often a cell succeeds."""
    value, interval = rate_over_seeds(wins)
    return Rate(value=value, interval=interval, seeds=tuple(wins.mean(1).tolist()))


def difference(first: Wins, other: Wins) -> Difference:
    """How much more often `other` succeeds than `first`, from the same starts and with the same seeds."""
    found = mean_effect(other - first, [0] * len(first))
    return Difference(value=found.estimate.value, interval=found.estimate.interval, p_value=found.p_value)


def corrected(found: list[Difference]) -> list[Difference]:
    """The same, their p-values corrected for being several (Holm 1979)."""
    p_values = holm([one.p_value for one in found])
    return [attrs.evolve(one, p_value=p) for one, p in zip(found, p_values, strict=True)]
