"""Exponential moving average of the weights, used wherever the policy is validated, judged or written."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, distribute_tensor

from bczoo.errors import BczooError
from bczoo.hooks import hookimpl
from bczoo.plugins import callbacks

if TYPE_CHECKING:
    from bczoo.engine.run import Run


class Ema:
    """Averages every weight that learns. Buffers, such as batch norm's statistics, are those of the trained policy.

    torch's own AveragedModel would make the host wait for the device at every step.
    """

    essential = True  # it changes what is trained or kept

    def __init__(self, options: "callbacks.Ema") -> None:
        self.options = options
        self.steps = 0  # averaged so far
        self.averages: dict[str, Tensor] = {}
        self.weights: list[Tensor] = []  # the policy's own parameters
        self.trained: list[Tensor] = []  # the weights themselves while their averages are in the policy

    def state_dict(self) -> dict[str, Any]:
        """The averages by the names of their weights, and the number of steps they were taken over.

        Whole tensors, also of weights that are spread over several processes, which then all have to call this.
        """
        return {"steps": self.steps, "averages": {name: _whole(value) for name, value in self.averages.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take averages up; `bczoo_fit_start` puts them where the policy's weights are."""
        self.steps, self.averages = state["steps"], dict(state["averages"])

    @hookimpl
    def bczoo_fit_start(self, run: "Run") -> None:
        """Begin with the policy's weights, or with averages taken up; raises BczooError if those do not fit."""
        learns = {name: weight for name, weight in run.policy.named_parameters() if weight.requires_grad}
        saved, self.weights = self.averages, list(learns.values())
        self.averages = {name: weight.detach().clone() for name, weight in learns.items()}
        if saved:
            _copy(saved, self.averages)

    @hookimpl
    @torch.no_grad()
    def bczoo_step_end(self) -> None:
        """Move the averages towards the weights, without waiting for the device."""
        torch._foreach_lerp_(list(self.averages.values()), self.weights, 1 - self.decay())
        self.steps += 1

    def decay(self) -> float:
        """The share of the averages that is kept at the next step.

        With warm-up min(decay, (1 + t) / (10 + t)) after t steps, as TensorFlow's ExponentialMovingAverage has it:
        the average reaches back over a share of the steps so far, and soon forgets the initial weights.
        """
        decay: float = self.options.decay
        return min(decay, (1 + self.steps) / (10 + self.steps)) if self.options.warmup else decay

    @hookimpl(tryfirst=True)  # so that other callbacks find the averages there
    @torch.no_grad()
    def bczoo_validate_start(self) -> None:
        """Write the averages into the policy's own parameters, which the optimiser refers to."""
        self.trained = [weight.detach().clone() for weight in self.weights]
        for weight, average in zip(self.weights, self.averages.values(), strict=True):
            weight.copy_(average)

    @hookimpl(trylast=True)
    @torch.no_grad()
    def bczoo_validate_end(self) -> None:
        """Write the trained weights back, bit by bit, if they have been taken out."""
        for weight, trained in zip(self.weights, self.trained, strict=False):
            weight.copy_(trained)
        self.trained = []


def _whole(value: Tensor) -> Tensor:
    return value.full_tensor() if isinstance(value, DTensor) else value


def _copy(saved: dict[str, Tensor], averages: dict[str, Tensor]) -> None:
    for name in sorted(saved.keys() | averages.keys()):
        shapes = [tuple(each[name].shape) if name in each else "not averaged" for each in (saved, averages)]
        if shapes[0] != shapes[1]:
            raise BczooError(f"callback 'ema': {name} is {shapes[0]} in the saved state, but {shapes[1]} here")
    for name, average in averages.items():
        value = saved[name].to(average.device)
        if isinstance(average, DTensor):
            value = distribute_tensor(value, average.device_mesh, average.placements)
        average.copy_(value)
