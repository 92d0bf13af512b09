"""The tables of results: the leaderboard, what differs from the baseline, shifts, and rollouts during training."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from bczoo.engine.comparison import said_between, said_p, said_points
from bczoo.engine.cost import minutes, parameters
from bczoo.engine.discordant import discordant
from bczoo.engine.paired import Resampled
from bczoo.engine.report.groups import Group
from bczoo.engine.report.sources import Shifted, Source
from bczoo.engine.report.standing import Beside, Standing
from bczoo.engine.report.tables import Bar, Cell, Column, Table, without_empty
from bczoo.engine.report.words import between, percent, signed, state_of
from bczoo.engine.wilson import wilson

SIGNS: Final = {"better": "▲ better", "worse": "▼ worse", "not significant": "≈ not significant"}
_NOTHING = Cell("-")


def leaderboard(groups: Sequence[Group], standings: Sequence[Standing]) -> Table:
    """Every group, the best first; those without a result come last."""
    several = any(len(one.rates) > 1 for one in standings)
    baseline = standings[0] if len(standings) > 1 else None
    best = sorted(standings, key=lambda one: -one.rate)
    ranks = {id(one.group): 1 + sum(other.rate > one.rate for other in standings) for one in standings}
    rest = [group for group in groups if id(group) not in ranks]
    rows = [_place(one.group, one, ranks[id(one.group)], baseline) for one in best]
    return without_empty(
        Table(
            caption="Success of every spec, the best first" if several else "Success of every run, the best first",
            columns=[
                Column("rank", numeric=True),
                Column("spec" if several else "run", header=True),
                Column("success", numeric=True, meaning="interquartile mean over seeds" if several else ""),
                Column("95 % interval", numeric=True),
                Column("0 to 100 %", meaning="the line is the interval, the tick the baseline's rate"),
                *([Column("each seed", meaning="success in percent, in the order of the seeds")] if several else []),
                Column("steps", numeric=True, meaning="median of the rollouts that succeed"),
                Column("minutes", numeric=True, meaning="that training one run took"),
                Column("parameters", numeric=True),
                Column("state"),
            ],
            rows=[[*row[:5], *(row[5:6] if several else []), *row[6:]] for row in (*rows, *map(_without, rest))],
            filtered=len(groups) > 3,
        )
    )


def _place(group: Group, found: Standing, rank: int, baseline: Standing | None) -> list[Cell]:
    steps, mark = found.median_steps, baseline.rate if baseline else None
    return [
        Cell(str(rank), rank),
        Cell(f"{group.name} (baseline)" if found is baseline else group.name),
        Cell(percent(found.rate), found.rate, "strong"),
        Cell(between(found.interval), found.interval[0]),
        Cell("", found.rate, bar=Bar(low=found.interval[0], value=found.rate, high=found.interval[1], mark=mark)),
        Cell(", ".join(f"{100 * rate:.3g}" for rate in found.rates), fmean(found.rates)),
        _NOTHING if steps is None else Cell(f"{steps:g}", steps),
        *_cost(group),
        Cell(_state(group), look="says"),
    ]


def _without(group: Group) -> list[Cell]:
    """The row of what has no result."""
    return [_NOTHING, Cell(group.name), *[_NOTHING] * 5, *_cost(group), Cell(_state(group), look="says")]


def _cost(group: Group) -> list[Cell]:
    taken = [some for run in group.runs if run.state != "unfinished" and (some := minutes(run.metrics)) is not None]
    counts = [count for run in group.runs if (count := parameters(run.folder, run.versions)) is not None]
    return [
        Cell(f"{fmean(taken):.1f}", fmean(taken)) if taken else _NOTHING,
        Cell(f"{counts[0]:,}", counts[0]) if counts else _NOTHING,
    ]


def _state(group: Group) -> str:
    if len(group.runs) == 1:
        return state_of(group.runs[0])
    done = sum(run.state == "done" for run in group.runs)
    others = [state_of(run) for run in group.runs if run.state != "done"]
    return "; ".join([f"{done} of {len(group.runs)} done", *others])


def comparison(baseline: str, beside: Sequence[Beside]) -> Table | None:
    """What differs from the baseline, one row each; None where there is nothing to compare."""
    if not beside:
        return None
    return without_empty(
        Table(
            caption=f"Differences from {baseline}, on the same starts",
            columns=[
                Column("run or spec", header=True),
                Column("verdict", meaning="after Holm's correction, at the 5 % level"),
                Column("difference", numeric=True, meaning="of success, in percentage points"),
                Column("95 % interval", numeric=True),
                Column("won : lost", numeric=True, meaning="rollouts that it alone wins, and the baseline alone"),
                Column("p" if len(beside) == 1 else "p (Holm)", numeric=True),
                Column("steps", numeric=True, meaning="median difference where both succeed"),
                Column("return", numeric=True, meaning="mean difference over all starts"),
            ],
            rows=[_contrast(one) for one in beside],
            filtered=len(beside) > 6,
        )
    )


def _contrast(one: Beside) -> list[Cell]:
    return [
        Cell(one.name),
        Cell(SIGNS[one.verdict], look=one.verdict.partition(" ")[0]),
        Cell(said_points(one.success.value), one.success.value, "strong"),
        Cell(said_between(one.success.interval, said_points), one.success.interval[0]),
        Cell(f"{one.won} : {one.lost}", one.won - one.lost),
        Cell(said_p(one.corrected_p), one.corrected_p),
        _difference(one.steps),
        _difference(one.episode_return),
    ]


def _difference(found: Resampled | None) -> Cell:
    if found is None or found.value is None:
        return _NOTHING
    room = f" ({said_between(found.interval, signed)})" if found.interval else ""
    return Cell(signed(found.value) + room, found.value)


def under_shifts(sources: Sequence[Source]) -> Table | None:
    """How each run does under each shift, from the same starts."""
    rows = [_shifted(source, shifted) for source in sources for shifted in source.shifts if shifted.table]
    if not rows:
        return None
    return Table(
        caption="Success under shifts, from the same starts",
        columns=[
            Column("run", header=True),
            Column("under"),
            Column("success", numeric=True),
            Column("95 % interval", numeric=True),
            Column("0 to 100 %", meaning="the line is the interval, the tick the rate without the shift"),
            Column("lost by it", numeric=True, meaning="starts that it wins without the shift alone"),
            Column("won by it", numeric=True),
        ],
        rows=rows,
        filtered=len(rows) > 6,
    )


def _shifted(source: Source, shifted: Shifted) -> list[Cell]:
    n, won = len(shifted.table), sum(start.success for start in shifted.table)
    rate, interval = won / n, wilson(won, n)
    gained, lost = discordant(source.starts, shifted.table)
    mark = fmean(start.success for start in source.starts)
    return [
        Cell(source.name),
        Cell(str(shifted.shift)),
        Cell(percent(rate), rate, "strong"),
        Cell(between(interval), interval[0]),
        Cell("", rate, bar=Bar(low=interval[0], value=rate, high=interval[1], mark=mark)),
        Cell(str(lost), lost),
        Cell(str(gained), gained),
    ]


def during_training(sources: Sequence[Source]) -> Table | None:
    """What the rollouts during training came to, beside the evaluation of the policy that was kept."""
    rows = [
        [
            Cell(source.name),
            Cell(percent(found.success_max), found.success_max),
            Cell(percent(found.success_mean_last), found.success_mean_last),
            Cell(str(found.last), found.last),
            Cell(str(found.rollouts), found.rollouts),
            Cell(str(found.episodes), found.episodes),
        ]
        for source in sources
        if (found := source.during)
    ]
    titles = ("best of all", "mean of the last", "how many last", "times", "starts each")
    columns = [Column("run", header=True), *(Column(title, numeric=True) for title in titles)]
    caption = "Success in rollouts during training, on starts of their own"
    return Table(caption=caption, columns=columns, rows=rows) if rows else None
