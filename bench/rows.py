"""What a benchmark against a peer reports: rows of figures, printed and, with --json, written to a file."""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import attrs


class NotRun(Exception):
    """Why the peer cannot be measured here, in one sentence."""


@attrs.frozen(kw_only=True)
class Row:
    """One comparison; `ratio` is what `aim` speaks of. Figures are None where nothing was measured."""

    what: str
    baseline: str
    ours: float | None = None
    theirs: float | None = None
    unit: str
    ratio: float | None = None
    aim: str
    device: str
    note: str = ""

    def __str__(self) -> str:
        if self.ours is None or self.theirs is None or self.ratio is None:
            return f"{self.what}: {self.note}"
        return (
            f"{self.what}: bczoo {self.ours:.4g} {self.unit}, {self.baseline} {self.theirs:.4g} {self.unit}, "
            f"ratio {self.ratio:.3g} (aim {self.aim}); {self.device}; {self.note}"
        )


def of_pairs(plan: Row, pairs: Sequence[tuple[float, float]], **changes: Any) -> Row:
    """`plan` with what was measured in turn, pairs of (ours, theirs): their medians, and the median of their ratios."""
    ours, theirs = (median(column) for column in zip(*pairs, strict=True))
    ratio = median(mine / other for mine, other in pairs)
    return attrs.evolve(plan, ours=ours, theirs=theirs, ratio=ratio, **changes)


def run(parser: argparse.ArgumentParser, plan: Row, measure: Callable[[argparse.Namespace], list[Row]]) -> None:
    """Measure and report; where the peer cannot be had, `plan` is reported as not run, and why."""
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that commands which stand still are ended, too
    try:
        rows = measure(arguments)
    except NotRun as reason:
        rows = [attrs.evolve(plan, note=f"not run: {reason}")]
    for row in rows:
        print(row)
    if arguments.json:
        arguments.json.write_text(json.dumps([attrs.asdict(row) for row in rows], indent=2) + "\n")
