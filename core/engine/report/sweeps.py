"""What a sweep adds to a report: the effects of what was varied, and the command that makes it again."""

import shlex

from bczoo.describe import said, to_toml
from bczoo.engine.comparison import said_between, said_p, said_points
from bczoo.engine.report.origins import Recipe, as_toml
from bczoo.engine.report.results import SIGNS
from bczoo.engine.report.standing import Standing
from bczoo.engine.report.tables import Cell, Column, Table
from bczoo.engine.report.words import between, count_of, percent
from bczoo.engine.sweep_effects import Effect
from bczoo.engine.sweep_plan import SPEC
from bczoo.engine.sweep_results import SweepResults
from bczoo.errors import clip, first_of

_WIDEST = 80  # characters of a level
_FEW = 8  # levels that a sentence names, and sentences on levels


def effects_table(sweep: SweepResults) -> Table | None:
    """The main effects, one row each; None where nothing was varied."""
    if not sweep.effects:
        return None
    return Table(
        caption=f"{sweep.name}: success at a level minus that at the key's first level, all else being equal",
        columns=[
            Column("key", header=True),
            Column("level"),
            Column("beside"),
            Column("verdict", meaning="after Holm's correction, at the 5 % level"),
            Column("difference", numeric=True, meaning="of success, in percentage points"),
            Column("95 % interval", numeric=True),
            Column("p (Holm)", numeric=True),
            Column("pairs of runs", numeric=True, meaning="runs that differ in this key alone and share the seed"),
        ],
        rows=[_row(effect) for effect in sweep.effects],
        filtered=len(sweep.effects) > 6,
    )


def _row(effect: Effect) -> list[Cell]:
    value, interval, p_value = effect.difference, effect.interval, effect.corrected_p
    verdict = ("better" if (value or 0) > 0 else "worse") if effect.significant else "not significant"
    return [
        Cell(effect.key),
        Cell(clip(said(effect.level), _WIDEST), look="says"),
        Cell(clip(said(effect.baseline), _WIDEST), look="says"),
        Cell(SIGNS[verdict] if value is not None else "cannot be compared yet", look=verdict.partition(" ")[0]),
        Cell("-") if value is None else Cell(said_points(value), value, "strong"),
        Cell(said_between(interval, said_points), interval and interval[0]),
        Cell("-") if p_value is None else Cell(said_p(p_value), p_value),
        Cell(str(effect.pairs), effect.pairs),
    ]


def sweep_result(sweep: SweepResults, standings: list[Standing]) -> list[str]:
    """The sentences that a report on this sweep begins with: the best cell, and what makes a difference."""
    if not standings:
        return [f"No run of the {len(sweep.runs)} of {sweep.name} is evaluated yet."]
    best = max(standings, key=lambda one: one.rate)
    ties = sum(one.rate == best.rate for one in standings) - 1
    shared = f" (as {'has' if ties == 1 else 'have'} {ties} more)" if ties else ""
    seeds = f"over {len(best.rates)} seeds" if len(best.rates) > 1 else "with one seed"
    told = [
        f"Of {count_of(len(standings), 'cell')}, {best.group.name} has the highest success rate{shared}: it succeeds "
        f"from {percent(best.rate)} of the held-out starts {seeds} (95 % interval {between(best.interval)})."
    ]
    told += first_of([effect.verdict for effect in sweep.effects if effect.significant], _FEW)
    compared = [effect for effect in sweep.effects if effect.difference is not None]
    if alike := [clip(f"{one.key} = {said(one.level)}", _WIDEST) for one in compared if not one.significant]:
        told.append(f"No significant difference from the first level: {'; '.join(first_of(alike, _FEW))}.")
    return told


def sweep_notes(sweep: SweepResults) -> list[str]:
    """What to bear in mind, and which runs failed."""
    failed = [f"{run.name} failed: {clip(run.error, 200)}" for run in sweep.runs if run.error is not None]
    return [*sweep.notes, *first_of(failed, _FEW)]


def sweep_recipes(sweep: SweepResults) -> list[Recipe]:
    """The command that makes the sweep again, from specs that are saved as files first."""
    plan = sweep.plan
    words = ["bczoo", "sweep"]
    for source in plan.specs:
        words += ["--spec", f"{source.name}.toml"]
    for axis in plan.vary:
        if axis.key != SPEC:
            words += ["--vary", f"{axis.key}={','.join(map(to_toml, axis.levels))}"]
    words += ["--seeds", ",".join(map(str, plan.seeds))]
    words += ["--one-at-a-time"] if plan.design == "one-at-a-time" else []
    return [
        Recipe(
            name=f"The whole sweep {sweep.name}, with {source.name}.toml as it is here",
            spec=as_toml(source.spec),
            commands=[shlex.join(words)],
        )
        for source in plan.specs
    ]
