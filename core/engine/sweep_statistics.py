"""Statistics of several seeds on the same starts: how well a cell does, and what a change of it does; needs no torch.

Seeds and starts are both sources of chance, and they are crossed: all runs meet the same starts. To resample runs
alone, as is usual (Agarwal et al. 2021), would call an unlucky choice of starts certain; to resample rollouts alone
would do so with the seeds.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from bczoo.engine.paired import LEVEL, Estimate, mcnemar, rate_difference
from bczoo.engine.wilson import wilson

Array = npt.NDArray[np.float64]
RESAMPLES: Final = 9999
_NONE: Final = 1e-24  # a variance that is nothing but rounding


@attrs.frozen(kw_only=True)
class Difference:
    """A difference of success rates with its interval, and the p-value of there being none.

    `won` and `lost` are the rollouts in which one level alone, or the other alone, succeeds.
    """

    estimate: Estimate
    p_value: float
    won: int
    lost: int


def interquartile_mean(values: Array) -> Any:
    """The mean of the middle half of `values`, along the last axis.

    Exact for any number of them: a value that a quartile cuts through counts with the part inside, so that of three
    the outer two count a quarter each, and of two or one it is the mean.
    """
    ordered = np.sort(values, axis=-1)
    edges = np.arange(values.shape[-1] + 1)
    inside = np.clip(edges, values.shape[-1] / 4, 3 * values.shape[-1] / 4)
    return ordered @ np.diff(inside) / (inside[-1] - inside[0])  # in this order, of ones it is 1


def rate_over_seeds(success_SN: Array) -> tuple[float, tuple[float, float]]:
    """The interquartile mean over seeds of the success rate, and its 95 % interval.

    `success_SN` is 1 where the run of seed S succeeds from start N. The interval is that of a pigeonhole bootstrap
    (Owen 2007): every resample draws seeds and, independently, starts, and takes each drawn seed at each drawn start.
    It errs on the careful side where the rollouts' own chance is large: with 3 seeds and 100 starts, 93 to 98 % of
    such intervals hold the true rate while seeds differ by up to 10 points (standard deviation), 85 % at 18 points.
    Resamples of a run that always succeeds all look alike, so it is never narrower than Wilson's for as many rollouts.
    With one seed it says nothing about others. The same every time.
    """
    seeds, n = success_SN.shape
    rate = round(float(interquartile_mean(success_SN.mean(axis=1))), 12)  # so that equal ones are, and share a rank
    # Starts from which the same seeds succeed can stand in for each other, which leaves few kinds of them to draw.
    kinds_SK, count_K = np.unique(success_SN, axis=1, return_counts=True)
    rng = np.random.default_rng(0)
    drawn_BK = rng.multinomial(n, count_K / n, size=RESAMPLES) / n
    rates_BS = drawn_BK @ kinds_SK.T
    chosen_BS = rng.integers(seeds, size=(RESAMPLES, seeds))
    found = interquartile_mean(np.take_along_axis(rates_BS, chosen_BS, axis=1))
    low, high = np.quantile(found, (LEVEL / 2, 1 - LEVEL / 2))
    least, most = wilson(round(rate * seeds * n), seeds * n)
    return rate, (min(float(low), least, rate), max(float(high), most, rate))


def mean_effect(difference_RN: Array, group_R: Sequence[int]) -> Difference:
    """The mean difference of pairs of runs R on the same starts N, each difference -1, 0 or 1.

    Pairs of one group differ only in their seed. The variance of the mean is put together of that between the seeds
    of a group, that between the starts, less what both count (Cameron, Gelbach and Miller 2011), with the degrees of
    freedom of Satterthwaite (1946), since few seeds know little of how much seeds differ. Groups of one seed each
    are taken for seeds of each other, and of a single pair the starts alone tell. Student's t does not know that
    differences are few and whole: so the interval is never narrower than Tango's, and the p-value never smaller than
    that of McNemar's exact test, as if all rollouts were independent.
    """
    runs, n = difference_RN.shape
    won, lost = int((difference_RN > 0).sum()), int((difference_RN < 0).sum())
    counted = rate_difference(won, lost, runs * n)
    value, p_value = counted.value, mcnemar(won, lost)
    half = 0.0
    if n > 1:
        variance, freedom = _variance(difference_RN, np.asarray(group_R))
        if variance > _NONE:
            error = math.sqrt(variance)
            half = float(student.isf(LEVEL / 2, freedom)) * error
            p_value = max(p_value, 2 * float(student.sf(abs(value) / error, freedom)))
    low, high = min(counted.interval[0], value - half), max(counted.interval[1], value + half)
    estimate = Estimate(value=value, interval=(max(-1.0, low), min(1.0, high)), starts=n)
    return Difference(estimate=estimate, p_value=p_value, won=won, lost=lost)


def _variance(difference_RN: Array, group_R: npt.NDArray[Any]) -> tuple[float, float]:
    """The variance of the mean, and its degrees of freedom."""
    runs, n = difference_RN.shape
    of_run_R, of_start_N = difference_RN.mean(axis=1), difference_RN.mean(axis=0)
    by_starts = float(of_start_N.var(ddof=1)) / n
    if runs == 1:
        return by_starts, n - 1
    groups = [of_run_R[group_R == group] for group in np.unique(group_R)]
    freedom = runs - len(groups)
    if freedom == 0:
        groups, freedom = [of_run_R], runs - 1
    by_runs = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / freedom / runs
    rest_RN = difference_RN - of_run_R[:, None] - of_start_N + difference_RN.mean()
    by_both = float((rest_RN**2).sum()) / ((runs - 1) * (n - 1)) / (runs * n)
    variance = max(by_runs + by_starts - by_both, by_runs, by_starts)
    spread = by_runs**2 / freedom + by_starts**2 / (n - 1)
    return variance, variance**2 / spread if spread else n - 1
