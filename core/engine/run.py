"""One training run: its folder, its state, and the observers that watch it."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
from torch import Tensor

from bczoo.engine.observers import Observers
from bczoo.engine.policy import Policy
from bczoo.errors import BczooError, InputError
from bczoo.spec import Spec

RUNS = Path("runs")


@attrs.define(kw_only=True)
class Run:
    """What callbacks see. Set `stop` to a reason to end training after the present epoch."""

    spec: Spec
    folder: Path
    policy: Policy
    observers: Observers
    callbacks: list[Any]  # the spec's, in its order
    total_steps: int
    facts: dict[str, Any] = attrs.field(factory=dict)  # device, precision, data: what the run really used
    step: int = 0
    epoch: int = 0
    samples: int = 0  # windows trained on so far
    loss: Tensor | None = None  # of the last step, on the device
    successes: list[float] = attrs.field(factory=list)  # success rates of the rollouts during training, in their order
    stop: str | None = None
    failed: bool = False  # an error or a signal has ended training

    def tell(self, hook: str, **arguments: Any) -> None:
        """Call a lifecycle hook of every observer."""
        self.observers.tell(hook, self.step, run=self, **arguments)


def run_folder(spec: Spec, name: str | None) -> Path:
    """The folder a run will live in; raises InputError when there is a run already."""
    folder = RUNS / (name or f"{spec.name}-{datetime.now():%Y%m%d-%H%M%S}")
    if name is not None and (Path(name).name != name or name in (".", "..")):
        raise InputError(f"--run {name}: give a plain name, without folders; the run goes to {RUNS}/NAME")
    if folder.exists():
        raise InputError(f"{folder} exists and will not be overwritten; choose another name with --run, or delete it")
    return folder


def make_folder(folder: Path) -> None:
    """Create the folder of a run or an evaluation, refusing one that somebody else has made meanwhile."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise InputError(f"{folder} exists and will not be overwritten; choose another, or delete it") from None
    except OSError as error:
        raise BczooError(f"cannot create {folder}: {error.strerror}; choose a folder you may write") from error


def append_line(path: Path, row: dict[str, Any]) -> None:
    """Add one JSON line and sync it; a kill can at worst cut the last line short."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
        file.flush()
        os.fsync(file.fileno())
