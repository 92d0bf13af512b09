"""How large the weights of each part are, and how that changes as training goes on."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from bczoo import hookimpl
from torch import nn

from bczoo_fourier import WeightNorm as Options

if TYPE_CHECKING:
    from bczoo.engine.run import Run

FILE = "weight_norm.jsonl"
PARTS = ("backbone", "temporal", "head")


class WeightNorm:
    """One JSON line every `train.log_every` steps: {"step": 50, "head": {"norm": 9.1, "growth": 1.03}, ...}.

    `norm` is the L2 norm of all weights of the part that learn, `growth` its ratio to that before the first step
    (null where that was 0). Weights that keep growing long after the loss has settled ask for more weight decay.
    """

    def __init__(self, options: Options) -> None:
        self.first: dict[str, float] = {}

    def state_dict(self) -> dict[str, Any]:
        """The norms before the first step, which a resumed run could not know."""
        return {"first": dict(self.first)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Compare with those."""
        self.first = dict(state["first"])

    @hookimpl
    def bczoo_fit_start(self, run: "Run") -> None:
        """Take note of the norms, or leave only the lines up to where a resumed run goes on."""
        self.first = self.first or norms(run.policy)
        path = run.folder / FILE
        if _writes() and path.exists():
            forget_later(path, run.step)

    @hookimpl
    def bczoo_log(self, run: "Run") -> None:
        """Add a line."""
        now = norms(run.policy)  # in every process: weights may be spread over them
        if not _writes():
            return
        said = {name: {"norm": norm, "growth": _ratio(norm, self.first[name])} for name, norm in now.items()}
        with (run.folder / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": run.step} | said) + "\n")


def forget_later(path: Path, step: int) -> None:
    """Leave only the lines up to a step: a resumed run writes the later ones again."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]  # a kill may have cut the last one short
    temporary = path.with_suffix(".tmp")
    temporary.write_text("".join(line for line in whole if json.loads(line)["step"] <= step), encoding="utf-8")
    temporary.replace(path)


@torch.no_grad()
def norms(policy: nn.Module) -> dict[str, float]:
    """The norm of the weights that learn, for each part that has any."""
    learning = {name: [w for w in getattr(policy, name).parameters() if w.requires_grad] for name in PARTS}
    return {name: _norm(weights) for name, weights in learning.items() if weights}


def _norm(weights: list[nn.Parameter]) -> float:
    total: Any = torch.stack([weight.square().sum() for weight in weights]).sum().sqrt()
    # With train.shard = true each process holds a piece.
    return float(total.full_tensor() if hasattr(total, "full_tensor") else total)


def _ratio(norm: float, first: float) -> float | None:
    return norm / first if first else None


def _writes() -> bool:
    """Whether this is the process that writes files; torchrun numbers them in RANK."""
    return int(os.environ.get("RANK", "0")) == 0
