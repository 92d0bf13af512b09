"""One optimiser step: forward, backward, clipping, update, on any number of processes and parts."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from bczoo.engine.clock import Clock
from bczoo.engine.parts import Augmentation, Batch, Loss
from bczoo.engine.policy import Policy


class Objective(nn.Module):
    """From a batch to the scalar that is minimised; what several processes wrap, since a scalar is all they need."""

    def __init__(self, policy: Policy, loss: Loss, bf16: bool) -> None:
        super().__init__()
        self.policy, self.loss, self.bf16 = policy, loss, bf16

    def forward(self, batch: Batch, real: Tensor, share: float) -> tuple[Tensor, dict[str, Tensor]]:
        """The mean of the loss over `real` actions, plus `share` of the parts' penalties; and what each adds."""
        policy = self.policy
        with torch.autocast(batch.mask_BH.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            prediction, penalties = policy(batch)
        loss_BH = self.loss(prediction, policy.normalizer.scale(batch.action_BHA), policy.form)
        loss = masked_sum(loss_BH, batch.mask_BH) / real.clamp_min(1)
        added = {name: share * penalty for name, penalty in penalties.items()}
        for penalty in added.values():
            loss = loss + penalty
        # A part that stands in for an empty share only keeps its process in step.
        return loss if share else 0.0 * loss, {name: penalty.detach() for name, penalty in added.items()}


def add_up(sums: dict[str, Tensor], more: Mapping[str, Tensor]) -> None:
    """Add numbers to sums of the same names."""
    for name, value in more.items():
        sums[name] = sums[name] + value if name in sums else value


def masked_sum(loss_BH: Tensor, mask_BH: Tensor) -> Tensor:
    """The one place where losses are added up: padding never counts; the mean divides by the real actions alone."""
    return (loss_BH * mask_BH).sum()


@attrs.frozen
class Part:
    """What a process computes at once of a batch.

    `real` is the number of actions in the whole batch that are not padding, and `share` the part's share
    of its windows, both over all processes: with them the parts' losses add up to the batch's mean.
    """

    batch: Batch
    real: Tensor
    share: float


@attrs.frozen
class Outcome:
    """What a step came to, as numbers on the device.

    Over all processes, the mean of the losses is the loss of the whole batch, and so with what each of the parts'
    penalties has added to it. `norm` is the gradient's, where it is clipped.
    """

    loss: Tensor
    penalties: dict[str, Tensor]
    norm: Tensor | None


@attrs.define(kw_only=True)
class Stepper:
    """Everything that a step needs; `step` makes one."""

    objective: Objective
    model: nn.Module  # the objective, wrapped when there are several processes
    optimizer: torch.optim.Optimizer
    augmentations: list[Augmentation]
    generator: torch.Generator  # of augmentations, on the device
    processes: int
    clip: float | None
    clock: Clock

    @property
    def policy(self) -> Policy:
        """What learns."""
        return self.objective.policy

    def step(self, parts: Iterator[Part], count: int) -> Outcome:
        """Learn from `count` parts."""
        total = torch.zeros((), device=self.generator.device)
        penalties: dict[str, Tensor] = {}
        for number, part in enumerate(parts, 1):
            batch = self._augmented(part.batch)
            with self._quiet(number < count):
                with self.clock.on_device("forward"):
                    loss, added = self.model(batch, part.real, part.share)
                    loss = self.processes * loss
                with self.clock.on_device("backward"):
                    loss.backward()
            total += loss.detach()
            add_up(penalties, {name: self.processes * value for name, value in added.items()})
        with self.clock.on_device("optimiser"):
            norm = self._clip()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
        return Outcome(total, penalties, norm)

    def _augmented(self, batch: Batch) -> Batch:
        if not self.augmentations:
            return batch
        with self.clock.on_device("augmentation"):
            for augmentation in self.augmentations:
                batch = augmentation(batch, self.generator)
        return batch

    def _clip(self) -> Tensor | None:
        if self.clip is None:
            return None
        norm: Any = nn.utils.clip_grad_norm_(self.policy.parameters(), self.clip)
        whole: Tensor = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
        return whole

    def _quiet(self, more: bool) -> AbstractContextManager[Any]:
        """Gradients are exchanged once a step, after its last part."""
        if more and isinstance(self.model, nn.parallel.DistributedDataParallel):
            return self.model.no_sync()
        return nullcontext()
