"""Reading the metrics of a run, a JSON line an epoch; needs no torch."""

import json
import math
from pathlib import Path
from typing import Any


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a metrics file; a last line that a kill cut short is left out."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def number(row: dict[str, Any], key: str) -> float:
    """A figure of a line of metrics; no number where it has none."""
    value = row.get(key)
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
    return float(value) if usable and value is not None else math.nan
