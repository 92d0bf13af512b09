"""Statistics of two runs on the same starts: how much they differ, how surely, and what it takes to see more.

Starts are drawn independently of each other, and both runs meet the same ones. So everything here looks at differences
start by start: `won` and `lost` are the starts from which one run alone, or the other alone, succeeds. Starts that
both win, or both lose, say nothing about which is better.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import binomtest, bootstrap, norm

from bczoo.engine.wilson import Z95

LEVEL: Final = 0.05  # a difference that chance alone would give less often is called significant
POWER: Final = 0.8  # share of comparisons in which a true difference is to be found significant
LEAST_PAIRS: Final = 10  # with fewer, resampling knows too little of the tails to give an interval
_AT_ONCE: Final = 1 << 22  # numbers that resampling holds in memory at a time
_TINY: Final = 1e-12


@attrs.frozen(kw_only=True)
class Estimate:
    """A difference, its 95 % interval, and the number of starts it rests on."""

    value: float
    interval: tuple[float, float]
    starts: int


@attrs.frozen(kw_only=True)
class Resampled:
    """The same found by resampling; None where there are too few starts for it."""

    value: float | None
    interval: tuple[float, float] | None
    starts: int


def mcnemar(won: int, lost: int) -> float:
    """Two-sided p-value of McNemar's exact test (1947): were both alike, each would win half of the won and lost."""
    return float(binomtest(won, won + lost, 0.5).pvalue) if won + lost else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for being several (Holm 1979): that any is below 0.05 by chance stays a 5 % affair."""
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable").tolist()):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def rate_difference(won: int, lost: int, n: int) -> Estimate:
    """The difference of two success rates on the same `n` starts, with Tango's score interval (1998).

    It is the pairs' counterpart of the Wilson interval, and likewise sound where resampling is not: with few
    discordant starts, or none.
    """
    value = (won - lost) / n
    low = -1.0 if value == -1 else brentq(lambda x: _score(x, won, lost, n) - Z95, -1.0, value)
    high = 1.0 if value == 1 else brentq(lambda x: _score(x, won, lost, n) + Z95, value, 1.0)
    return Estimate(value=value, interval=(float(low), float(high)), starts=n)


def _score(x: float, won: int, lost: int, n: int) -> float:
    """How many standard errors the difference seen lies above `x`, were that the true one (Tango 1998, section 3)."""
    b = (2 * n - won + lost) * x - won - lost
    likeliest_lost = (math.sqrt(max(0.0, b * b + 8 * n * lost * x * (1 - x))) - b) / (4 * n)
    return (won - lost - n * x) / math.sqrt(n * max(_TINY, 2 * likeliest_lost + x * (1 - x)))


def mean_difference(differences: npt.NDArray[np.float64], resamples: int = 9999) -> Resampled:
    """The mean of differences, one a start, with a percentile bootstrap interval (Efron 1979); the same every time."""
    return _resampled(differences, np.mean, resamples)


def median_difference(differences: npt.NDArray[np.float64], resamples: int = 9999) -> Resampled:
    """The same of the median, which a single odd start does not move."""
    return _resampled(differences, np.median, resamples)


def _resampled(differences: npt.NDArray[np.float64], statistic: Any, resamples: int) -> Resampled:
    n = len(differences)
    interval = None
    if n >= LEAST_PAIRS:
        # Differences of pairs are resampled, so pairs stay pairs.
        found = bootstrap(
            (differences,),
            statistic,
            n_resamples=resamples,
            batch=max(1, _AT_ONCE // n),
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
        interval = float(found.low), float(found.high)
    return Resampled(value=float(statistic(differences)) if n else None, interval=interval, starts=n)


def least_won(level: float = LEVEL) -> int:
    """How many starts a run must win, losing none, for McNemar's exact test to call that significant: 6."""
    return math.ceil(1 - math.log2(level))


def starts_needed(won: int, lost: int, n: int, level: float = LEVEL) -> int | None:
    """Roughly how many starts it takes to find a difference of this size significant, with 80 % power.

    Connor's formula (1987) for McNemar's test, where the shares of starts won and lost here are taken for the true
    ones. None where no difference is seen.
    """
    if won == lost:
        return None
    split, gap = (won + lost) / n, abs(won - lost) / n
    for_level, for_power = norm.isf(level / 2), norm.isf(1 - POWER)
    by_formula: float = ((for_level * math.sqrt(split) + for_power * math.sqrt(split - gap * gap)) / gap) ** 2
    return math.ceil(max(by_formula, least_won(level) / split))  # the formula does not know that the test is exact
