"""What a run writes while it trains: its best and its last policy, and the states it can be resumed from."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from bczoo.engine.checkpoint import save_policy
from bczoo.engine.run import Run
from bczoo.engine.states import States
from bczoo.engine.whole import weights_of

BEST, LAST = "policy.safetensors", "last.safetensors"


class Keeper:
    """Takes note of policies at every epoch's end, and writes what is new at most every `train.save_minutes`.

    The state is written last: whatever a kill leaves on disk is then what an uninterrupted run would have,
    or is written again when the replayed epoch comes to it.
    """

    def __init__(self, run: Run, main: bool) -> None:
        """Of a run; only the `main` process writes."""
        self.run, self.main = run, main
        self.states = States(run.folder, run.spec.train.keep)
        self.best: tuple[float, ...] = (math.inf,)
        self._new: dict[str, tuple[Mapping[str, Tensor], dict[str, Any]]] = {}
        self._saved = time.monotonic()
        self.step = 0  # that a run cut off now would be resumed at

    def note(self, tensors: Mapping[str, Tensor], metrics: dict[str, Any]) -> None:
        """Take note of the policy at an epoch's end."""
        known = ("epoch", "step", "train_loss", "val_loss", "success_rate")
        info: dict[str, Any] = {key: metrics[key] for key in known if key in metrics}
        info["weights"] = self.run.policy.backbone.used_weights
        self._new[LAST] = tensors, info
        rank = ranked(metrics, self.run.spec.train.best)
        if rank < self.best:
            self.best = rank
            self._new[BEST] = tensors, info

    def due(self) -> bool:
        """Whether more work than `train.save_minutes` would be lost by a crash now."""
        return time.monotonic() - self._saved >= 60 * self.run.spec.train.save_minutes

    def save(self, state: Callable[[], Any]) -> None:
        """Write what is new, then the training state; all processes call this, as the state may be spread over them."""
        if self.step == self.run.step and not self._new:
            return
        tree = state()
        if self.main:
            for name, (tensors, info) in self._new.items():
                path = self.run.folder / name
                save_policy(path, self.run.policy, self.run.spec, info, tensors)
                self.run.tell("bczoo_checkpoint", path=str(path))
            self.states.save(self.run.step, tree)
        self._new.clear()
        self._saved, self.step = time.monotonic(), self.run.step


def ranked(metrics: Mapping[str, Any], best: str) -> tuple[float, ...]:
    """What is least for the epoch with the best policy, by train.best."""
    if best == "val_loss":
        return (metrics["val_loss"],)
    # An epoch without rollouts ranks behind every one with them, but a run too short for any has a best one, too.
    return (-metrics.get("success_rate", -1.0), metrics["val_loss"])


def snapshot(run: Run) -> dict[str, Tensor]:
    """A copy of the policy's weights and statistics on the CPU; empty in all but the first of several processes."""
    return {name: value.detach().clone() for name, value in weights_of(run.policy).items()}
