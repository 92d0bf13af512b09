"""The record of a sweep: what ZOO.md needs of it, small enough to be committed, as docs/zoo/NAME.json."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bczoo.engine.checkpoint import POLICY
from bczoo.engine.judged import Judged
from bczoo.engine.metrics import read_metrics
from bczoo.engine.sweep_results import read_sweep
from bczoo.engine.tensor_file import TensorFile
from bczoo.errors import BczooError
from bczoo.files import parse_json, write_json

FORMAT: Final = 1
Record = dict[str, Any]


def read_record(name: str, folder: Path) -> Record:
    """The record of the sweep `name`, in the folder of all of them."""
    record: Record = parse_json((folder / f"{name}.json").read_text(encoding="utf-8"))
    if record["format"] != FORMAT:
        raise BczooError(f"{name}.json has format {record['format']}; this reads {FORMAT}")
    return record


def write_record(name: str, sweep: Path, overrides: Sequence[str], folder: Path) -> None:
    """Write the record of the sweep in `sweep`, which had the `overrides`; runs that are not finished are not in it."""
    told = read_sweep(sweep)
    record: Record = {"format": FORMAT, "seeds": len(told.plan.seeds), "success_rule": None, "judged": None}
    record |= {"set": [*overrides]} if overrides else {}
    record |= {"made_with": [], "cells": [], "runs": []}
    for cell in told.cells:
        record["cells"].append({"name": cell.name, "levels": cell.levels})
        for run in cell.runs:
            if run.judged:
                record["runs"].append({"cell": cell.name, "seed": run.seed} | _run(run.folder, run.judged, record))
    write_json(folder / f"{name}.json", record)


def _run(folder: Path, judged: Judged, record: Record) -> dict[str, Any]:
    """One run; what all runs must have in common goes into `record`, and must be the same."""
    common = {"success_rule": judged.success_rule, "judged": {"env": judged.env, "eval": judged.settings}}
    for key, value in common.items():
        if record[key] not in (None, value):
            raise BczooError(f"{folder}: {key} is {value}, and {record[key]} in other runs; they cannot be compared")
        record[key] = value
    made_with = _made_with(folder)
    if made_with not in record["made_with"]:
        record["made_with"].append(made_with)
    starts = [judged.starts[key] for key in sorted(judged.starts)]
    epochs = read_metrics(folder / "metrics.jsonl")
    return {
        "successes": "".join("01"[start.success] for start in starts),
        "steps": " ".join(str(start.steps) for start in starts),
        "minutes": round(sum(epoch["seconds"] for epoch in epochs) / 60, 2),
        "made_with": record["made_with"].index(made_with),
        "sha256": TensorFile(folder / "policy.safetensors", POLICY).header["sha256"]["tensors"],
    }


def _made_with(folder: Path) -> dict[str, Any]:
    """Versions, and what of the machine may change a result."""
    told = parse_json((folder / "versions.json").read_text(encoding="utf-8"))
    return {key: told[key] for key in ("versions", "threads", "cpus", "device", "precision")}


def cell_of(record: Record, key: str, value: Any) -> str | None:
    """The cell in which `key` has `value` and every other key what the first cell has; None where there is none."""
    wanted = record["cells"][0]["levels"] | {key: value}
    return next((cell["name"] for cell in record["cells"] if cell["levels"] == wanted), None)


def runs_of(record: Record, cell: str | None) -> list[dict[str, Any]]:
    """The finished runs of a cell, by seed."""
    return sorted((run for run in record["runs"] if run["cell"] == cell), key=lambda run: run["seed"])


def successes(runs: list[dict[str, Any]]) -> npt.NDArray[np.float64]:
    """Successes as 0 and 1, (runs, starts)."""
    return np.array([[float(mark) for mark in run["successes"]] for run in runs])
