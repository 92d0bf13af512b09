"""Reading what a report is made of: the folders of runs and evaluations, finished or not."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from bczoo.engine.during import During
from bczoo.engine.judged import Judged, Start, known, read_judged, run_spec
from bczoo.engine.metrics import read_metrics
from bczoo.engine.shift_name import Shift
from bczoo.errors import BczooError, InputError, brief
from bczoo.files import parse_json
from bczoo.schema import Mistakes, structure

_MARKS: Final = ("eval.json", "spec.toml", "sweep.json")  # a folder with one of them is something to report on
State = Literal["done", "not evaluated", "unfinished", "failed", "waiting"]


@attrs.frozen(kw_only=True)
class Shifted:
    """How a policy did from the same starts under a shift."""

    shift: Shift
    table: tuple[Start, ...]


@attrs.frozen(kw_only=True)
class Source:
    """A run or an evaluation; what its folder does not hold is None or empty.

    `name` is short and unique on the page. `spec` is complete, as plain tables. `note` says why a run failed, and
    `usual` is how the judged policy's own spec has it judged.
    """

    name: str
    folder: Path
    state: State
    judged: Judged | None = None
    spec: dict[str, Any] | None = None
    policy: str | None = None  # of an evaluation: the file that was judged
    usual: dict[str, Any] = attrs.field(factory=dict)
    shifts: tuple[Shifted, ...] = ()
    during: During | None = None
    metrics: list[dict[str, Any]] = attrs.field(factory=list)
    versions: dict[str, Any] = attrs.field(factory=dict)
    note: str = ""

    @property
    def starts(self) -> list[Start]:
        """The starts it was judged from, in their order."""
        return [self.judged.starts[key] for key in sorted(self.judged.starts)] if self.judged else []

    @property
    def failures(self) -> list[Start]:
        """The starts from which it fails."""
        return [start for start in self.starts if not start.success]


def short_names(folders: Sequence[Path]) -> list[str]:
    """The last parts of the folders' paths, as few as tell them apart."""
    parts = [Path(os.path.abspath(folder)).parts for folder in folders]  # noqa: PTH100 - "runs/x/.." has no name
    for taken in range(1, max(map(len, parts), default=1)):
        names = ["/".join(some[-taken:]) for some in parts]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]


def read_source(folder: Path, name: str) -> Source:
    """Read a folder, whatever state it is in.

    Raises InputError where there is nothing of bczoo's, and BczooError where a file is damaged.
    """
    over, begun = (folder / "eval.json").is_file(), (folder / "spec.toml").is_file()
    if not (over or begun):
        raise InputError(_nothing_in(folder))
    told = _evaluation(folder / "eval.json")
    judged = attrs.evolve(read_judged(folder), name=name) if over and told.get("episodes") != 0 else None
    state: State = "done" if judged else "not evaluated" if over else "unfinished"
    policy = told.get("policy")
    return Source(
        name=name,
        folder=folder,
        state=state,
        judged=judged,
        spec=judged.spec if judged else run_spec(folder / "spec.toml"),
        policy=policy if isinstance(policy, str) else None,
        usual=_inside(_inside(told, "spec"), "eval"),
        shifts=_shifts(folder / "eval.json", told) if judged else (),
        during=_during(folder / "eval.json", told),
        metrics=_metrics(folder / "metrics.jsonl"),
        versions=_table(folder / "versions.json"),
    )


def _nothing_in(folder: Path) -> str:
    wanted = "give the folder of a run, runs/NAME, of an evaluation, evals/NAME, or of a sweep, sweeps/NAME"
    if not folder.is_dir():
        return f"there is no folder {folder}; {wanted}"
    if any((inside / name).is_file() for inside in folder.iterdir() for name in _MARKS):
        wanted = f"for all that is in it, give {folder / '*'}"
    return f"{folder} holds no run, evaluation or sweep (no spec.toml, eval.json or sweep.json); {wanted}"


def _evaluation(path: Path) -> dict[str, Any]:
    """What eval.json holds; nothing where there is none, and where read_judged says best what is wrong with it."""
    try:
        return _table(path)
    except BczooError:
        read_judged(path.parent)
        raise


def _inside(table: dict[str, Any], key: str) -> dict[str, Any]:
    found = table.get(key)
    return found if isinstance(found, dict) else {}


def _table(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = parse_json(path.read_text(encoding="utf-8"))
        if not isinstance(table, dict):
            raise ValueError(f"expected a table, got {brief(table)}")
    except (OSError, ValueError) as error:
        raise BczooError(f"{path}: cannot be read: {brief(error)}") from error
    return table


def _shifts(path: Path, told: dict[str, Any]) -> tuple[Shifted, ...]:
    """`shifted` of an eval.json; later versions may say more of each."""
    try:
        shifted = told.get("shifted", [])
        if not isinstance(shifted, list):
            raise ValueError(f"shifted: expected a list, got {brief(shifted)}")
        return tuple(_shift(known(one, Shifted)) for one in shifted)
    except (ValueError, Mistakes) as error:
        raise BczooError(f"{path}: cannot be read as an evaluation: {brief(error)}") from error


def _shift(one: dict[str, Any]) -> Shifted:
    rows = one.get("table")
    table = [known(row, Start) for row in rows] if isinstance(rows, list) else rows
    named = {key: known(value, Shift) for key, value in one.items() if key != "table"}
    read: Shifted = structure(named | {"table": table}, Shifted)
    return read


def _during(path: Path, told: dict[str, Any]) -> During | None:
    if not (found := told.get("during_training")):
        return None
    try:
        during: During = structure(known(found, During), During)
    except (ValueError, Mistakes) as error:
        raise BczooError(f"{path}: cannot be read as an evaluation: {brief(error)}") from error
    return during


def _metrics(path: Path) -> list[dict[str, Any]]:
    try:
        rows = read_metrics(path)
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("every line is to be a table")
    except (OSError, ValueError, RecursionError) as error:
        raise BczooError(f"{path}: cannot be read as metrics: {brief(error)}") from error
    return rows
