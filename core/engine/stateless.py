"""A policy as a function of tensors alone: what a rollout keeps is given to it and handed back."""

from typing import Literal

import torch
from torch import Tensor, nn

from bczoo.card import card_of
from bczoo.engine.parts import Memory
from bczoo.engine.policy import Policy
from bczoo.errors import BczooError

Part = Literal["backbone", "temporal", "head", "action"]


class Stateless(nn.Module):
    """A window of observations in, a chunk of actions out, both in the env's own units.

    Given, in the order of `inputs`: {camera: uint8 (B, steps, height, width, channels)} by name, "state" float32
    (B, steps, S) where the policy looks at it, and what a recurrent temporal module remembers, "memory_0" and so on.
    Returned, in the order of `outputs`: "actions" float32 (B, H, A), then "next_memory_0" and so on.

    `steps` is T, oldest first, as training windows are. A recurrent module is given frame after frame instead, as
    rollout.Actor does: `steps` is then 1, and every episode starts from memories of zeros.
    """

    def __init__(self, policy: Policy, until: Part = "action") -> None:
        """Of a whole policy, or of its parts up to and with `until`, whose output is then returned alone.

        Raises BczooError for policies that cannot be written so.
        """
        super().__init__()
        self.policy, self.until = policy, until
        self.steps = 1 if policy.temporal.recurrent else policy.obs.steps
        self.memory: Memory = policy.temporal.start(1) if policy.temporal.recurrent else ()
        remembered = [f"memory_{index}" for index in range(len(self.memory))]
        self.inputs = [*policy.obs.images, *(["state"] if policy.obs.state else []), *remembered]
        self.outputs = ["actions", *(f"next_{name}" for name in remembered)]
        self._check()

    def _check(self) -> None:
        # Whoever deploys a policy would have to know what else an episode starts from.
        if any(start.count_nonzero() for start in self.memory):
            name = card_of(self.policy.spec.temporal).name
            raise BczooError(
                f"temporal {name!r} begins episodes with a memory that is not zero; that cannot be exported"
            )
        names = [*self.inputs, *self.outputs]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise BczooError(f"a camera is called {twice[0]!r}, as an input or output of the exported policy is, too")

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        """From `inputs` to `outputs`."""
        tensors = dict(zip(self.inputs, given, strict=True))
        state_BTS = tensors.get("state")
        if state_BTS is None:
            state_BTS = torch.zeros((given[0].shape[0], self.steps, 0))
        x_BTND = self.policy.encode(tensors, state_BTS)
        if self.until == "backbone":
            return (x_BTND,)
        x_BHD, memory = self._context(x_BTND, state_BTS, given[len(given) - len(self.memory) :])
        if self.until == "temporal":
            return (x_BHD,)
        prediction = self.policy.head(x_BHD)
        if self.until == "head":
            return (self.policy.point(prediction),)
        return (self.policy.actions(prediction), *memory)

    def _context(self, x_BTND: Tensor, state_BTS: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """What the temporal module makes of the window, or of one more frame."""
        temporal, state_BTS = self.policy.temporal, self.policy.normalizer.state(state_BTS)
        if not temporal.recurrent:
            return temporal(x_BTND, state_BTS).x_BHD, ()
        output, memory = temporal.step(x_BTND[:, 0].float(), state_BTS[:, 0], memory)
        return output.x_BHD, memory

    def example(self, batch: int, seed: int = 0) -> tuple[Tensor, ...]:
        """Inputs of an episode's first moment: noise for images, and states as the training data's were."""
        chance = torch.Generator().manual_seed(seed)
        lead, obs, normalizer = (batch, self.steps), self.policy.obs, self.policy.normalizer
        images = [
            torch.randint(0, 256, (*lead, *shape), dtype=torch.uint8, generator=chance) for shape in obs.images.values()
        ]
        noise_BTS = torch.randn((*lead, obs.state), generator=chance)
        states = [normalizer.state_mean + normalizer.state_std * noise_BTS] if obs.state else []
        return (*images, *states, *(start.repeat(batch, *[1] * (start.dim() - 1)) for start in self.memory))
