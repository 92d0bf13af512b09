"""What a sweep has found so far: its runs, the leaderboard of its cells, and what each varied key does; no torch.

Statistics are imported when they are asked for, since they take longer to import than a wrong sweep to refuse.
"""

import shlex
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from bczoo.engine.judged import Judged, read_judged
from bczoo.engine.sweep_files import failure_of, is_done, last_line, run_folder_of
from bczoo.engine.sweep_plan import CellPlan, Plan, check_run, read_plan, run_name
from bczoo.errors import InputError

if TYPE_CHECKING:
    from bczoo.engine.sweep_board import Place
    from bczoo.engine.sweep_effects import Effect

State = Literal["done", "failed", "waiting"]


@attrs.frozen(kw_only=True)
class SweepRun:
    """One run of a cell; `judged` is None until it is done, and where its spec asks for no evaluation."""

    cell: str
    seed: int
    state: State
    folder: Path
    judged: Judged | None
    error: str | None  # the last line of what a failed run printed

    @property
    def name(self) -> str:
        """What the run is called in its sweep."""
        return run_name(self.cell, self.seed)


@attrs.frozen(kw_only=True)
class Cell:
    """One combination of levels with its runs, one a seed."""

    name: str
    spec_name: str
    levels: dict[str, Any]
    runs: tuple[SweepRun, ...]

    @property
    def judged(self) -> dict[int, Judged]:
        """The evaluations there are, by seed."""
        return {run.seed: run.judged for run in self.runs if run.judged}

    def count(self, state: State) -> int:
        """How many of its runs are in that state."""
        return sum(run.state == state for run in self.runs)


@attrs.frozen(kw_only=True)
class SweepResults:
    """A sweep as its folder tells it; `name` is the folder's."""

    folder: Path
    name: str
    plan: Plan
    cells: tuple[Cell, ...]

    @property
    def runs(self) -> list[SweepRun]:
        """All runs, in the order they begin."""
        return [run for each in zip(*(cell.runs for cell in self.cells), strict=True) for run in each]

    def count(self, state: State) -> int:
        """How many runs are in that state."""
        return sum(cell.count(state) for cell in self.cells)

    @cached_property
    def leaderboard(self) -> "list[Place]":
        """The cells, the best first; those without a result last."""
        from bczoo.engine.sweep_board import leaderboard

        return leaderboard(self.cells)

    @cached_property
    def effects(self) -> "list[Effect]":
        """What each level of each varied key does, beside the key's first level."""
        from bczoo.engine.sweep_effects import effects

        return effects(self.plan, self.cells)

    @property
    def notes(self) -> list[str]:
        """What to bear in mind about all of it, a sentence each."""
        told = []
        done, runs = self.count("done"), len(self.runs)
        if done < runs:
            told.append(
                f"{done} of {runs} runs are finished, {self.count('failed')} failed and {self.count('waiting')} wait; "
                f"only what is there is compared. Go on with: bczoo sweep --resume {shlex.quote(str(self.folder))}"
            )
        if len(self.plan.seeds) == 1:
            told.append("One seed says nothing about others: all this is about these trained policies.")
        return told

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values, sentences included."""
        return {
            "name": self.name,
            "design": self.plan.design,
            "seeds": list(self.plan.seeds),
            "vary": [{"key": axis.key, "levels": list(axis.levels)} for axis in self.plan.vary],
            "runs": [
                {"name": run.name, "cell": run.cell, "seed": run.seed, "state": run.state, "error": run.error}
                for run in self.runs
            ],
            "leaderboard": [place.as_json() for place in self.leaderboard],
            "effects": [effect.as_json() for effect in self.effects],
            "notes": self.notes,
        }


def read_sweep(folder: str | Path) -> SweepResults:
    """Read a sweep, however much of it is done.

    Raises InputError where there is none, and BczooError where a file is damaged, or a run has another spec than the
    sweep asks for.
    """
    folder = Path(folder)
    plan = read_plan(folder)
    return SweepResults(
        folder=folder,
        name=folder.absolute().name,
        plan=plan,
        cells=tuple(
            Cell(
                name=cell.name,
                spec_name=cell.spec_name,
                levels=cell.levels,
                runs=tuple(_run(folder, cell, seed) for seed in plan.seeds),
            )
            for cell in plan.cells
        ),
    )


def _run(folder: Path, cell: CellPlan, seed: int) -> SweepRun:
    place, failure = run_folder_of(folder, cell.name, seed), failure_of(folder, cell.name, seed)
    check_run(cell, seed, place)
    state: State = "done" if is_done(place) else "failed" if failure.is_file() else "waiting"
    return SweepRun(
        cell=cell.name,
        seed=seed,
        state=state,
        folder=place,
        judged=_judged(place) if state == "done" else None,
        error=last_line(failure) if state == "failed" else None,
    )


def _judged(folder: Path) -> Judged | None:
    try:
        return read_judged(folder)
    except InputError:  # its spec asks for no evaluation
        return None
