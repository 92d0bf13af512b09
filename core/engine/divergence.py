"""A loss that is no number is noticed at the step that made it, and the batch that did is written down."""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from bczoo.engine.order import epoch_order
from bczoo.errors import BczooError
from bczoo.files import write_json

if TYPE_CHECKING:
    from bczoo.engine.train import Trainer

NEVER = -1


class Guard:
    """Remembers, on the device, the first step whose loss or gradient was not finite."""

    def __init__(self, device: torch.device) -> None:
        self._first = torch.full((), NEVER, dtype=torch.int64, device=device)

    def watch(self, step: int, *values: Tensor | None) -> None:
        """Look at numbers of this step; the host does not wait."""
        finite = torch.stack([torch.isfinite(value) for value in values if value is not None]).all()
        self._first = torch.where(finite | (self._first != NEVER), self._first, step)

    def first(self) -> int | None:
        """That step, or None; makes the host wait for the device."""
        step = int(self._first)
        return None if step == NEVER else step


def finite_weights(module: nn.Module) -> bool:
    """Whether all weights, or this process's part of them, are finite numbers; makes the host wait for the device."""
    # Weights that processes share are DTensors, which alone have this; to import their class takes half a second.
    local = (weight.to_local() if hasattr(weight, "to_local") else weight for weight in module.parameters())
    whole = [torch.isfinite(weight).all() for weight in local]
    return not whole or bool(torch.stack(whole).all())


def refuse_overflow(trainer: "Trainer", *losses: float) -> None:
    """Raise BczooError, in all processes alike, where the last step left weights or these losses not finite.

    The guard would notice only at the next step, and after the last one there is none.
    """
    sound = all(map(math.isfinite, losses)) and finite_weights(trainer.run.policy)
    (overflow,) = trainer.team.agree([not sound])
    if overflow:
        raise diverged(trainer, trainer.run.step, "weights or validation loss are no finite numbers after")


def diverged(trainer: "Trainer", step: int, what: str = "loss or gradient is no finite number at") -> BczooError:
    """The error to raise, after the main process has written which episodes and frames the step looked at."""
    run, windows = trainer.run, trainer.train_windows
    order = epoch_order(windows.episode, run.spec.data.stretch, trainer.order.clone_state())
    index = torch.split(order, run.spec.train.batch_size)[step - 1 - (run.step - trainer.within)]
    path = run.folder / "bad_batch.json"
    if trainer.team.rank == 0:
        frames = windows.newest(index)
        write_json(
            path,
            {
                "step": step,
                "epoch": run.epoch,
                "demos": str(windows.demos.folder),
                "episodes": sorted(set(windows.episode[index].tolist())),
                "frames": frames.tolist(),
            },
        )
    return BczooError(
        f"training diverged: {what} step {step}, in epoch {run.epoch}; "
        f"lower train.optimizer.lr or set train.clip. {path} names that batch's episodes; "
        "earlier checkpoints are intact"
    )
