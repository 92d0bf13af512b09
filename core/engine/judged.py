"""Reading an evaluated folder, runs/NAME or evals/NAME: its starts one by one, and the spec behind it; no torch."""

import json
import tomllib
from pathlib import Path
from typing import Any

import attrs

from bczoo.errors import BczooError, InputError, brief
from bczoo.files import parse_json
from bczoo.schema import Mistakes, structure
from bczoo.specfile import find_spec


@attrs.frozen(kw_only=True)
class Start:
    """One start and how the policy did from it, as eval.json tells it."""

    index: int
    seed: int
    success: bool
    steps: int
    episode_return: float


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
    path = folder / "eval.json"
    if not path.is_file():
        raise InputError(
            f"{folder} holds no evaluation (no eval.json); give the folder of a run that is finished, runs/NAME, or of "
            "an evaluation, evals/NAME"
        )
    told = _read(path)
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
            table = {"env": {}, "settings": {}, "success_rule": "", "table": []}
        told: Told = structure(known(table, Told) | {"table": _rows(table)}, Told)
    except (OSError, ValueError, Mistakes) as error:
        raise BczooError(f"{path}: cannot be read as an evaluation: {brief(error)}") from error
    return told


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
