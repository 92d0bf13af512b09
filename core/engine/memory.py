"""What a policy has seen of the running episodes, in each environment slot."""

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from bczoo.engine.parts import TemporalOutput
from bczoo.engine.policy import Policy

Bools = np.ndarray[Any, np.dtype[np.bool_]]


class SlotMemory(Protocol):
    """Takes in each new frame, and makes context vectors of what it has seen."""

    # False where a frame that nothing is decided from need not be seen at all.
    lasting: bool

    def see(self, x_BND: Tensor, state_BS: Tensor, fresh: Bools) -> None:
        """Take in one encoded frame and raw state a slot; `fresh` (slots,) is True where an episode begins."""

    def context(self) -> Tensor:
        """The temporal module's x_BHD for what has been seen so far."""


class History:
    """The last T frames; the temporal module reads them anew at every decision, as in training."""

    def __init__(self, policy: Policy, slots: int) -> None:
        self._policy = policy
        features, device = policy.backbone.features, policy.image_scale.device
        self.lasting = features.steps > 1
        self._features = torch.zeros((slots, features.steps, features.tokens, features.width), device=device)
        self._states = torch.zeros((slots, features.steps, policy.obs.state), device=device)

    def see(self, x_BND: Tensor, state_BS: Tensor, fresh: Bools) -> None:
        """Put the frame behind those seen before."""
        index = torch.from_numpy(fresh).to(x_BND.device)
        for memory, new in ((self._features, x_BND.float()), (self._states, state_BS)):
            memory.copy_(torch.cat([memory[:, 1:], new.unsqueeze(1)], dim=1))
            # An episode's first frame stands for the ones before it, as in training windows.
            memory[index] = new.unsqueeze(1).expand_as(memory)[index]

    def context(self) -> Tensor:
        """Read the whole window."""
        state_BTS = self._policy.normalizer.state(self._states)
        output: TemporalOutput = self._policy.temporal(self._features, state_BTS)
        return output.x_BHD


class Carried:
    """The memory of a recurrent module, which it hands from frame to frame through a whole episode."""

    lasting = True

    def __init__(self, policy: Policy, slots: int) -> None:
        self._policy = policy
        self._start = policy.temporal.start(slots)
        self._memory = self._start
        self._context: Tensor

    def see(self, x_BND: Tensor, state_BS: Tensor, fresh: Bools) -> None:
        """Take one step."""
        index = torch.from_numpy(fresh).to(x_BND.device)
        memory = tuple(
            torch.where(index.view(-1, *[1] * (old.dim() - 1)), start, old)
            for start, old in zip(self._start, self._memory, strict=True)
        )
        state_BS = self._policy.normalizer.state(state_BS)
        output, self._memory = self._policy.temporal.step(x_BND.float(), state_BS, memory)
        self._context = output.x_BHD

    def context(self) -> Tensor:
        """What the last step gave."""
        return self._context


def new_memory(policy: Policy, slots: int) -> SlotMemory:
    """The memory that this policy needs."""
    return Carried(policy, slots) if policy.temporal.recurrent else History(policy, slots)
