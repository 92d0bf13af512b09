"""What a sweep is made of: sweep.json in its folder, written before anything starts and never changed; no torch."""

import os
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from bczoo.engine.judged import run_spec
from bczoo.engine.spec_changes import Change, changes
from bczoo.errors import BczooError, InputError, brief, clip
from bczoo.files import parse_json
from bczoo.schema import Mistakes, structure, unstructure
from bczoo.specfile import spec_from_table

PLAN: Final = "sweep.json"
SWEEPS: Final = Path("sweeps")
FORMAT: Final = 1
SPEC: Final = "spec"  # the key of the axis that several specs are
_LONGEST: Final = 200  # bytes of a cell's name; file systems take 255, and more is added

Design = Literal["grid", "one-at-a-time"]


@attrs.frozen(kw_only=True)
class Source:
    """One of the specs that cells are made of; `spec` is complete, as its first cell has it."""

    name: str
    spec: dict[str, Any]


@attrs.frozen(kw_only=True)
class Axis:
    """A key that is varied, and its levels; the first is what the others are compared with."""

    key: str
    levels: tuple[Any, ...]


@attrs.frozen(kw_only=True)
class CellPlan:
    """One combination of levels: `levels` by key, what they override, and the complete `spec` but for its seed."""

    name: str
    spec_name: str
    levels: dict[str, Any]
    overrides: tuple[str, ...]
    spec: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Plan:
    """Everything that is to be run: each cell with each seed."""

    bczoo: str
    design: Design
    specs: tuple[Source, ...]
    vary: tuple[Axis, ...]
    seeds: tuple[int, ...]
    cells: tuple[CellPlan, ...]
    format: int = FORMAT

    @property
    def runs(self) -> list[tuple[CellPlan, int]]:
        """All runs in the order they begin: seeds outermost, so that a sweep cut short has as many of each cell."""
        return [(cell, seed) for seed in self.seeds for cell in self.cells]

    def as_json(self) -> dict[str, Any]:
        """What sweep.json holds."""
        table = attrs.asdict(self, value_serializer=lambda _, __, value: list(value) if type(value) is tuple else value)
        return {"format": table.pop("format"), **table}


def run_name(cell: str, seed: int) -> str:
    """What the run of a cell with a seed is called, and so is its folder."""
    return f"{cell},seed={seed}"


def read_plan(folder: str | Path) -> Plan:
    """Read sweep.json; raises InputError where there is none, and BczooError where it is damaged or of another kind."""
    path = Path(folder) / PLAN
    if not os.path.isfile(path):  # noqa: PTH113 - of a name that no file can have, pathlib raises an error
        raise InputError(f"{folder} holds no sweep (no {PLAN}); give its folder, e.g. {SWEEPS}/NAME")
    try:
        table = parse_json(path.read_text(encoding="utf-8"))
        if not isinstance(table, dict) or table.get("format") != FORMAT:
            raise ValueError(f"it is not of format {FORMAT}, which this bczoo reads")
        plan: Plan = structure(table, Plan)
        _check(plan)
    except (OSError, ValueError, Mistakes) as error:
        raise BczooError(f"{path}: cannot be read as a sweep: {brief(error)}") from error
    return plan


def _check(plan: Plan) -> None:
    """Raise ValueError for names that would lead out of the sweep's folder, and for what is there twice or not."""
    names = [cell.name for cell in plan.cells]
    for name in names:
        if Path(name).name != name or "\0" in name or "\n" in name or len(name.encode()) > _LONGEST:
            raise ValueError(f"{clip(name, 60)!r} is no name of a cell")
    if len(set(names)) < len(names) or len(set(plan.seeds)) < len(plan.seeds):
        raise ValueError("a cell or a seed is there twice")
    if not names or not plan.seeds:
        raise ValueError("it has no cell or no seed")
    for axis in plan.vary:
        if strange := [cell.name for cell in plan.cells if cell.levels.get(axis.key) not in axis.levels]:
            raise ValueError(f"cell {brief(strange[0])} has no level of {brief(axis.key)}")


def check_run(cell: CellPlan, seed: int, folder: Path) -> None:
    """Raise BczooError if the run in `folder` has another spec than its cell with that seed.

    Where the cell leaves to the backbone which weights are used, the run's spec names those that were. Where bczoo has
    learnt a key since the sweep began, runs of today name its default.
    """
    found = run_spec(folder / "spec.toml")
    if found is None or not cell.spec:
        return
    others = _others(cell.spec | {"seed": seed}, found)
    if others and (today := _completed(cell.spec)):
        others = _others(today | {"seed": seed}, found)
    if others:
        raise BczooError(
            f"{folder} is not the run that its sweep asks for: {others[0].key} is {brief(others[0].run)} there, not "
            f"{brief(others[0].baseline)}; move it away, then resume the sweep"
        )


def _others(wanted: dict[str, Any], found: dict[str, Any]) -> list[Change]:
    return [change for change in changes(wanted, found) if not _left_open(change)]


def _left_open(change: Change) -> bool:
    return change.key.startswith("policy.backbone.") and change.baseline == "auto"


def _completed(spec: dict[str, Any]) -> dict[str, Any] | None:
    """A spec with the defaults of today where it says nothing; None where a part of it is not installed."""
    try:
        table: dict[str, Any] = unstructure(spec_from_table(spec))
    except Mistakes:
        return None
    return table
