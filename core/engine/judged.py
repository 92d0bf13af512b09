"""Reading an evaluated folder, runs/NAME or evals/NAME: its starts one by one, and the spec behind it; no torch."""

import json
import tomllib
from pathlib import Path
from typing import Any, Final

import attrs
from attrs.validators import and_, ge, le

from bczoo.errors import BczooError, InputError, brief
from bczoo.files import parse_json
from bczoo.schema import Mistakes, structure
from bczoo.specfile import find_spec

_MOST: Final = 1e100  # of a return; sums of such are finite


@attrs.frozen(kw_only=True)
class Start:
    """One start and how the policy did from it, as eval.json tells it."""

    index: int = attrs.field(validator=ge(0))
    seed: int = attrs.field(validator=ge(0))
    success: bool
    steps: int = attrs.field(validator=ge(0))
    episode_return: float = attrs.field(validator=and_(ge(-_MOST), le(_MOST)))


@attrs.frozen(kw_only=True)
class Told:
    """What is read of an eval.json; the rest is for people."""

    env: dict[str, Any]
    settings: dict[str, Any]
    success_rule: str
    table: tuple[Start, ...]
    spec: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Judged:
    """An evaluation; `spec` is that of the policy, but for `env` and `eval`, which are what was really used.

    It is None where nothing tells it: evaluations of early versions do not say which policy they judged.
    """

    name: str
    success_rule: str
    starts: dict[tuple[int, int], Start]  # by index and seed, which together make a start
    env: dict[str, Any]
    settings: dict[str, Any]
    spec: dict[str, Any] | None


def read_judged(folder: str | Path) -> Judged:
    """Read the evaluation in `folder`.

    Raises InputError where there is none to read, and BczooError where a file is damaged.
    """
    folder = Path(folder)
    told = _read(folder / "eval.json")
    if not told.table:
        raise InputError(
            f"{folder} was not evaluated, since its spec says eval.episodes = 0; give its evaluation instead, the "
            f"folder that this makes: bczoo eval {folder / 'policy.safetensors'} --episodes 100"
        )
    spec = told.spec or run_spec(folder / "spec.toml")
    return Judged(
        name=str(folder),
        success_rule=told.success_rule,
        starts={(start.index, start.seed): start for start in told.table},
        env=told.env,
        settings=told.settings,
        spec=spec | {"env": told.env, "eval": told.settings} if spec else None,
    )


def _read(path: Path) -> Told:
    try:
        table = parse_json(path.read_text(encoding="utf-8"))
        if isinstance(table, dict) and table.get("episodes") == 0:
            return Told(env={}, settings={}, success_rule="", table=())
        told: Told = structure(_tables(known(table, Told)) | {"table": _rows(table)}, Told)
        _check(told.table)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise InputError(
            f"{path.parent} holds no evaluation (no eval.json); give the folder of a run that is finished, runs/NAME, "
            "or of an evaluation, evals/NAME"
        ) from error
    except (OSError, ValueError, Mistakes) as error:
        raise BczooError(f"{path}: cannot be read as an evaluation: {brief(error)}") from error
    return told


def _check(table: tuple[Start, ...]) -> None:
    """Raise ValueError for a table that no evaluation writes."""
    if not table:
        raise ValueError("its table has no start")
    told: set[tuple[int, int]] = set()
    for start in table:
        if (start.index, start.seed) in told:
            raise ValueError(f"start {start.index} is there twice")
        told.add((start.index, start.seed))


def _tables(read: dict[str, Any]) -> dict[str, Any]:
    """The same; raises ValueError where what is to be a table is none."""
    for key in ("env", "settings", "spec"):
        if not isinstance(read.get(key, {}), dict):
            raise ValueError(f"{key}: expected a table, got {brief(read[key])}")
    return read


def _rows(table: dict[str, Any]) -> Any:
    rows = table.get("table")
    return [known(row, Start) for row in rows] if isinstance(rows, list) else rows


def known(table: Any, cls: type) -> dict[str, Any]:
    """What of `table` is read here; later versions may say more."""
    if not isinstance(table, dict):
        raise ValueError(f"expected a table, got {brief(table)}")
    return {name: table[name] for name in attrs.fields_dict(cls) if name in table}


def run_spec(path: Path) -> dict[str, Any] | None:
    """The complete spec of a run as plain tables: what is compared need not be installed."""
    if not path.is_file():
        return None
    try:
        # A spec is written as JSON, too: without dates, infinities and what is nested too deep to be followed.
        spec: dict[str, Any] = parse_json(json.dumps(tomllib.loads(find_spec(path)[1])))
    except (ValueError, TypeError, RecursionError) as error:
        raise BczooError(f"{path}: cannot be read as a spec: {brief(error)}") from error
    return spec
