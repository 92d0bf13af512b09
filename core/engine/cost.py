"""What a run took: the minutes of its training, and the parameters of its policy; needs no torch."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from bczoo.engine.metrics import number, read_metrics
from bczoo.files import parse_json


def minutes(metrics: Iterable[dict[str, Any]]) -> float | None:
    """How long the epochs took that `metrics` tell of, validation included; None where none says."""
    seconds = [number(row, "seconds") for row in metrics]
    known = [some for some in seconds if math.isfinite(some)]
    return sum(known) / 60 if known else None


def parameters(folder: Path, versions: dict[str, Any]) -> int | None:
    """How many the policy in `folder` has; of early runs, whose `versions` do not say, by the header of its file."""
    told = versions.get("parameters")
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    path = folder / "policy.safetensors"
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="np") as file:
            names = [name for name in file.keys() if not name.startswith("normalizer.")]  # noqa: SIM118
            shapes = [file.get_slice(name).get_shape() for name in names]
    except (OSError, SafetensorError):
        return None
    return sum(map(math.prod, shapes))


def minutes_in(folder: Path) -> float | None:
    """The same of a run's folder; a run whose metrics are lost or damaged is still a result."""
    try:
        return minutes(row for row in read_metrics(folder / "metrics.jsonl") if isinstance(row, dict))
    except (OSError, ValueError, RecursionError):
        return None


def parameters_in(folder: Path) -> int | None:
    """The same of a run's folder, whatever has become of its versions.json."""
    try:
        versions = parse_json((folder / "versions.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        versions = {}
    return parameters(folder, versions if isinstance(versions, dict) else {})
