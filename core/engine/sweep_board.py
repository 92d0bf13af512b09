"""The leaderboard of a sweep: how each cell does, over its seeds."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from bczoo.engine.cost import minutes_in, parameters_in
from bczoo.engine.sweep_statistics import rate_over_seeds

if TYPE_CHECKING:
    from bczoo.engine.judged import Judged
    from bczoo.engine.sweep_results import Cell


@attrs.frozen(kw_only=True)
class Place:
    """A cell's place: `rank` by `success_rate`, the interquartile mean over seeds, with its 95 % interval.

    These three are None while no run of the cell has been evaluated. `rates` are each seed's success rate, None where
    there is none; `starts` are those that all its evaluated runs have in common. `minutes` of training are the mean of
    its runs; None, like `parameters`, where no run tells it.
    """

    rank: int | None
    cell: str
    levels: dict[str, Any]
    success_rate: float | None
    interval: tuple[float, float] | None
    rates: dict[int, float | None]
    starts: int
    median_steps: float | None
    minutes: float | None
    parameters: int | None
    done: int
    failed: int
    waiting: int

    def as_json(self) -> dict[str, Any]:
        """The place as JSON values; seeds become strings."""
        interval = None if self.interval is None else list(self.interval)
        return attrs.asdict(self) | {
            "interval": interval,
            "rates": {str(seed): rate for seed, rate in self.rates.items()},
        }


def leaderboard(cells: "Iterable[Cell]") -> list[Place]:
    """The cells, the best first; equally good ones share a rank, those without a result come last."""
    places = sorted(map(_place, cells), key=lambda place: -1.0 if place.success_rate is None else -place.success_rate)
    known = [place for place in places if place.success_rate is not None]
    rates = [place.success_rate for place in known]
    ranked = [attrs.evolve(place, rank=rates.index(place.success_rate) + 1) for place in known]
    return [*ranked, *(place for place in places if place.success_rate is None)]


def _place(cell: "Cell") -> Place:
    judged = cell.judged
    shared = shared_starts(judged.values())
    found = rate_over_seeds(successes(judged.values(), shared)) if shared else None
    won = [start.steps for each in judged.values() for start in each.starts.values() if start.success]
    done = [run.folder for run in cell.runs if run.state == "done"]
    minutes = [minutes for folder in done if (minutes := minutes_in(folder)) is not None]
    return Place(
        rank=None,
        cell=cell.name,
        levels=cell.levels,
        success_rate=found and found[0],
        interval=found and found[1],
        rates={run.seed: _rate(judged[run.seed]) if run.seed in judged else None for run in cell.runs},
        starts=len(shared),
        median_steps=float(np.median(won)) if won else None,
        minutes=fmean(minutes) if minutes else None,
        parameters=next((count for folder in done if (count := parameters_in(folder)) is not None), None),
        done=cell.count("done"),
        failed=cell.count("failed"),
        waiting=cell.count("waiting"),
    )


def shared_starts(judged: "Iterable[Judged]") -> list[tuple[int, int]]:
    """The starts that all evaluations have in common, in order."""
    keys = [set(each.starts) for each in judged]
    return sorted(set.intersection(*keys)) if keys else []


def successes(judged: "Iterable[Judged]", starts: Sequence[tuple[int, int]]) -> Any:
    """Success as 1 and 0, a row an evaluation and a column a start."""
    return np.array([[each.starts[key].success for key in starts] for each in judged], np.float64)


def _rate(judged: "Judged") -> float:
    return fmean(start.success for start in judged.starts.values())
