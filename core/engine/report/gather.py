"""What the folders hold that a report is asked for, in groups of runs."""

import os
from collections.abc import Iterable
from pathlib import Path

import attrs

from bczoo.engine.report.groups import Group, grouped
from bczoo.engine.report.sources import Source, read_source, short_names
from bczoo.engine.sweep_plan import PLAN
from bczoo.engine.sweep_results import SweepResults, SweepRun, read_sweep


@attrs.frozen(kw_only=True)
class Gathered:
    """All groups in the order of their folders, and the sweeps that some of them are from."""

    groups: list[Group]
    sweeps: list[SweepResults]

    @property
    def sources(self) -> list[Source]:
        """All runs and evaluations."""
        return [run for group in self.groups for run in group.runs]

    @property
    def sweep(self) -> SweepResults | None:
        """The sweep, where the report is on one and nothing else."""
        cells = sum(len(sweep.cells) for sweep in self.sweeps)
        return self.sweeps[0] if len(self.sweeps) == 1 and len(self.groups) == cells else None


def gather(folders: Iterable[Path]) -> Gathered:
    """Read all folders; one that is given twice counts once, by whatever path, and is called as at first.

    Raises InputError where there is nothing of bczoo's, and BczooError where a file is damaged.
    """
    places: dict[str, Path] = {}
    for folder in folders:
        places.setdefault(os.path.realpath(folder), folder)
    unique = list(places.values())
    names = dict(zip(unique, short_names(unique), strict=True))
    sweeps = {folder: read_sweep(folder) for folder in unique if (folder / PLAN).is_file()}
    plain = [read_source(folder, names[folder]) for folder in unique if folder not in sweeps]
    prefixes = {folder: f"{names[folder]}/" if len(unique) > 1 else "" for folder in sweeps}
    cells = [group for folder, sweep in sweeps.items() for group in _cells(sweep, prefixes[folder])]
    runs = grouped(plain)
    first_is_plain = bool(unique) and unique[0] not in sweeps
    return Gathered(groups=runs + cells if first_is_plain else cells + runs, sweeps=list(sweeps.values()))


def _cells(sweep: SweepResults, prefix: str) -> list[Group]:
    return [
        Group(name=prefix + cell.name, runs=[_source(run, prefix + run.name) for run in cell.runs])
        for cell in sweep.cells
    ]


def _source(run: SweepRun, name: str) -> Source:
    if run.error is not None:
        return Source(name=name, folder=run.folder, state="failed", note=run.error)
    if not run.folder.is_dir() or not (run.folder / "spec.toml").is_file():
        return Source(name=name, folder=run.folder, state="waiting")
    return read_source(run.folder, name)
