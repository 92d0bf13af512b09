"""How well each spec does, over its seeds, and how it compares with the first."""

from collections.abc import Sequence

import attrs
import numpy as np

from bczoo.engine.compare import check_comparable, compare_judged
from bczoo.engine.comparison import said_between, said_chance, said_points
from bczoo.engine.judged import Judged
from bczoo.engine.metrics import number
from bczoo.engine.paired import LEVEL, Estimate, Resampled, holm
from bczoo.engine.report.groups import Group
from bczoo.engine.report.sources import Source
from bczoo.engine.sweep_board import shared_starts, successes
from bczoo.engine.sweep_statistics import mean_effect, rate_over_seeds
from bczoo.engine.wilson import wilson
from bczoo.errors import InputError, first_of

_FEW = 6  # specs that a note names


@attrs.frozen(kw_only=True)
class Standing:
    """How a group does; `rate` is the interquartile mean over its judged runs, of one run just its rate."""

    group: Group
    rate: float
    interval: tuple[float, float]
    rates: list[float]  # of each judged run
    median_steps: float | None


@attrs.frozen(kw_only=True)
class Beside:
    """A spec beside the baseline: the difference in success rates, and what it means in a sentence."""

    name: str
    success: Estimate
    won: int
    lost: int
    corrected_p: float
    significant: bool
    sentence: str
    steps: Resampled | None = None
    episode_return: Resampled | None = None

    @property
    def verdict(self) -> str:
        """Better, worse or neither."""
        return "not significant" if not self.significant else "better" if self.won > self.lost else "worse"


def standing(group: Group) -> Standing | None:
    """How a group does; None where no run of it is judged."""
    judged = [run.judged for run in group.runs if run.judged]
    if not judged:
        return None
    shared = shared_starts(judged)
    if len(judged) == 1 or not shared:
        judged, shared = judged[:1], sorted(judged[0].starts)
    success_SN = successes(judged, shared)
    won, n = int(success_SN.sum()), success_SN.size
    rate, interval = (won / n, wilson(won, n)) if len(judged) == 1 else rate_over_seeds(success_SN)
    steps = [run.starts[key].steps for run in judged for key in shared if run.starts[key].success]
    return Standing(
        group=group,
        rate=rate,
        interval=interval,
        rates=[float(row.mean()) for row in success_SN],
        median_steps=float(np.median(steps)) if steps else None,
    )


def beside_baseline(groups: Sequence[Group]) -> tuple[list[Beside], list[str]]:
    """Every judged group beside the first of them, and notes on all; raises InputError for what cannot be compared.

    Groups of one run each are compared as `bczoo compare` does; several seeds are compared over seeds and starts.
    """
    judged = [group for group in groups if any(run.judged for run in group.runs)]
    runs = [run.judged for group in judged for run in group.runs if run.judged]
    if len(runs) < 2:
        return [], []
    for run in runs[1:]:
        check_comparable(runs[0], run)
    if len(judged) < 2:
        return [], []
    if len(runs) > len(judged):
        return _over_seeds(judged), _unequal(judged)
    compared = compare_judged([attrs.evolve(run, name=group.name) for run, group in zip(runs, judged, strict=True)])
    beside = [
        Beside(
            name=found.name,
            success=found.success,
            won=found.won,
            lost=found.lost,
            corrected_p=found.corrected_p,
            significant=found.significant,
            sentence=sentence,
            steps=found.steps,
            episode_return=found.episode_return,
        )
        for found, sentence in zip(compared.contrasts, compared.verdicts, strict=True)
    ]
    return beside, compared.notes


def _over_seeds(groups: Sequence[Group]) -> list[Beside]:
    """The same over seeds: the runs of two groups are paired in the order of their seeds."""
    baseline, *others = groups
    found, counts = [], []
    for other in others:
        pairs = list(zip(_by_seed(baseline), _by_seed(other), strict=False))
        shared = shared_starts(run for pair in pairs for run in pair)
        if not shared:
            raise InputError(f"{baseline.name} and {other.name}: no start is common to all of their runs")
        before_RN, after_RN = (successes(side, shared) for side in zip(*pairs, strict=True))
        found.append(mean_effect(after_RN - before_RN, [0] * len(pairs)))
        counts.append(len(pairs))
    corrected = holm([one.p_value for one in found])
    return [
        Beside(
            name=other.name,
            success=one.estimate,
            won=one.won,
            lost=one.lost,
            corrected_p=p_value,
            significant=p_value <= LEVEL,
            sentence=_sentence(baseline.name, other.name, one.estimate, p_value, count),
        )
        for other, one, p_value, count in zip(others, found, corrected, counts, strict=True)
    ]


def _unequal(groups: Sequence[Group]) -> list[str]:
    """A note where specs have different numbers of seeds, so that some runs have no counterpart."""
    usual, *counts = [len(_by_seed(group)) for group in groups]
    others = [f"{count} of {group.name}" for count, group in zip(counts, groups[1:], strict=True) if count != usual]
    if not others:
        return []
    return [
        f"There are {usual} judged runs of {groups[0].name}, and {', '.join(first_of(others, _FEW))}; two specs are "
        "compared by as many as both have, those with the lowest seeds."
    ]


def _by_seed(group: Group) -> list[Judged]:
    judged = [run for run in group.runs if run.judged]
    ordered = sorted(judged, key=_seed)
    return [run.judged for run in ordered if run.judged]


def _seed(run: Source) -> float:
    return number(run.spec or {}, "seed")


def _sentence(baseline: str, name: str, success: Estimate, p_value: float, pairs: int) -> str:
    seen = f"{said_points(success.value)} points over {'seeds and starts' if pairs > 1 else 'starts'}"
    chance = f"95 % interval {said_between(success.interval, said_points)}, {said_chance(p_value)}"
    alone = " With one pair of runs, this is about these trained policies." if pairs == 1 else ""
    if p_value > LEVEL:
        return f"{name} and {baseline} do not differ significantly: {seen} ({chance}).{alone}"
    more = "more" if success.value > 0 else "less"
    return f"{name} succeeds {more} often than {baseline}: {seen} ({chance}).{alone}"
