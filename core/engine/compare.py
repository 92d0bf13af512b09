"""Do evaluated runs differ? They are compared with the first of them, start by start; needs no torch."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import numpy as np

from bczoo.engine.comparison import Comparison, Contrast, Outcome
from bczoo.engine.discordant import discordant
from bczoo.engine.judged import Judged, Start, read_judged
from bczoo.engine.paired import (
    LEVEL,
    holm,
    mcnemar,
    mean_difference,
    median_difference,
    rate_difference,
    starts_needed,
)
from bczoo.engine.spec_changes import changes
from bczoo.engine.wilson import wilson
from bczoo.errors import InputError, brief


@attrs.frozen
class _Kept:
    """A run, and those of its starts that all runs have in common, in their order."""

    run: Judged
    starts: list[Start]


def compare(folders: Iterable[str | Path]) -> Comparison:
    """Compare evaluated runs with the first of them, the baseline, on the starts that all have in common.

    `folders` are those of finished runs, runs/NAME, or of evaluations, evals/NAME; one that is given again, as by
    `runs/base runs/*`, is compared once. Raises InputError for what cannot be compared: another env or other options of
    it, another rule of success, no start in common; and BczooError for damaged files.
    """
    runs: dict[Path, Judged] = {}
    again = []
    for folder in [folders] if isinstance(folders, (str, Path)) else folders:
        judged = read_judged(folder)
        if runs.setdefault(Path(folder).resolve(), judged) is not judged:
            again.append(judged.name)
    if len(runs) < 2:
        given = f"{again[0]} is given twice; " if again else ""
        raise InputError(f"{given}give two or more evaluated runs to compare, the baseline first")
    return attrs.evolve(compare_judged([*runs.values()]), again=again)


def compare_judged(runs: Sequence[Judged]) -> Comparison:
    """The same of two or more evaluations that are read already; raises InputError for what cannot be compared."""
    baseline, *others = runs
    for other in others:
        check_comparable(baseline, other)
    shared = sorted(set(baseline.starts).intersection(*(other.starts for other in others)))
    if not shared:
        raise InputError(f"{', '.join(run.name for run in runs)}: no start is common to all of them")
    kept = [_Kept(run, [run.starts[key] for key in shared]) for run in runs]
    p_values = [mcnemar(*discordant(kept[0].starts, other.starts)) for other in kept[1:]]
    return Comparison(
        starts=len(shared),
        success_rule=baseline.success_rule,
        outcomes=[_outcome(some) for some in kept],
        contrasts=[
            _contrast(kept[0], other, p_value, LEVEL / len(others))
            for other, p_value in zip(kept[1:], zip(p_values, holm(p_values), strict=True), strict=True)
        ],
    )


def check_comparable(baseline: Judged, other: Judged) -> None:
    """Raise InputError, one sentence, where the results of two runs say nothing about each other."""
    if found := changes({"env": baseline.env}, {"env": other.env}):
        raise InputError(
            f"{other.name} was not evaluated in the env of {baseline.name}, so that their starts differ: "
            f"{found[0].key} is {brief(found[0].run)} there and {brief(found[0].baseline)} here"
        )
    if other.success_rule != baseline.success_rule:
        raise InputError(
            f"{other.name} and {baseline.name} do not count the same as success: {brief(other.success_rule)} there "
            f"and {brief(baseline.success_rule)} here"
        )
    if not other.starts.keys() & baseline.starts.keys():
        there, here = other.settings.get("seed"), baseline.settings.get("seed")
        raise InputError(
            f"{other.name} and {baseline.name} have no start in common: eval.seed is {brief(there)} there and "
            f"{brief(here)} here; evaluate a policy again with the other's seed: bczoo eval POLICY --seed {brief(here)}"
        )


def _outcome(kept: _Kept) -> Outcome:
    starts, won = kept.starts, [start.steps for start in kept.starts if start.success]
    return Outcome(
        name=kept.run.name,
        success_rate=len(won) / len(starts),
        interval=wilson(len(won), len(starts)),
        successes=len(won),
        median_steps=float(np.median(won)) if won else None,
        mean_return=float(np.mean([start.episode_return for start in starts])),
        left_out=len(kept.run.starts) - len(starts),
    )


def _contrast(baseline: _Kept, other: _Kept, p_values: tuple[float, float], level: float) -> Contrast:
    """The two side by side; `p_values` are the plain and the corrected one."""
    won, lost = discordant(baseline.starts, other.starts)
    pairs = [*zip(baseline.starts, other.starts, strict=True)]
    steps = [after.steps - before.steps for before, after in pairs if before.success and after.success]
    returns = [after.episode_return - before.episode_return for before, after in pairs]
    before_spec, after_spec = baseline.run.spec, other.run.spec
    told = changes(before_spec, after_spec) if before_spec and after_spec else None
    return Contrast(
        name=other.run.name,
        won=won,
        lost=lost,
        success=rate_difference(won, lost, len(pairs)),
        p_value=p_values[0],
        corrected_p=p_values[1],
        significant=p_values[1] <= LEVEL,
        starts_needed=starts_needed(won, lost, len(pairs), level),
        steps=median_difference(np.array(steps, np.float64)),
        episode_return=mean_difference(np.array(returns, np.float64)),
        changes=None if told is None else [change for change in told if not change.is_seed],
        seeds=None if told is None else [change for change in told if change.is_seed],
    )
