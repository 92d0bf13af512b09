"""Acting in environments: the memory a policy needs, one per environment slot."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bczoo.engine.policy import Policy
from bczoo.errors import BczooError
from bczoo.shapes import Obs

Floats = np.ndarray[Any, np.dtype[np.float32]]


class Actor:
    """A policy at work in `slots` environments side by side.

    Each slot has its own history of encoded frames and its own queue of predicted actions; each new
    frame is encoded once. `execute` actions of a chunk are carried out before the next is predicted.
    """

    def __init__(self, policy: Policy, slots: int = 1, execute: int = 1) -> None:
        if not 1 <= execute <= policy.spec.horizon:
            raise BczooError(f"execute = {execute}: this policy predicts {policy.spec.horizon} actions at once")
        policy.normalizer.check()
        self.policy, self.slots, self.execute = policy.eval(), slots, execute
        self.device = policy.image_scale.device
        features = policy.backbone.features
        self._features = torch.zeros((slots, features.steps, features.tokens, features.width), device=self.device)
        self._states = torch.zeros((slots, features.steps, policy.obs.state), device=self.device)
        self._queue = np.zeros((slots, policy.spec.horizon, policy.action.size), np.float32)
        self._next = np.full(slots, execute)  # place in the queue; at `execute` it is used up
        self._fresh = np.ones(slots, bool)

    def reset(self, slots: Sequence[int] | None = None) -> None:
        """Forget everything in these slots (all of them by default): a new episode starts there."""
        index = list(range(self.slots)) if slots is None else list(slots)
        self._fresh[index] = True
        self._next[index] = self.execute

    @torch.inference_mode()
    def act(self, obs: Mapping[str, Any]) -> Floats:
        """Actions (slots, A) for observations {camera: uint8 (slots, h, w, c), "state": (slots, S)}."""
        images, state = to_tensors(self.policy.obs, obs, self.device)
        if self.policy.obs.steps > 1 or (self._next >= self.execute).any():
            self._remember(self.policy.encode(images), state)
        if (self._next >= self.execute).any():
            prediction, _ = self.policy.decide(self._features, self._states)
            chunk = self.policy.actions(prediction).float().cpu().numpy()
            due = self._next >= self.execute
            self._queue[due], self._next[due] = chunk[due], 0
        action: Floats = self._queue[np.arange(self.slots), self._next].copy()
        self._next += 1
        return action

    def _remember(self, x_BND: Tensor, state_BS: Tensor) -> None:
        fresh = torch.from_numpy(self._fresh).to(self.device)
        for memory, new in ((self._features, x_BND.float()), (self._states, state_BS)):
            memory.copy_(torch.cat([memory[:, 1:], new.unsqueeze(1)], dim=1))
            # An episode's first frame stands for the ones before it, as in training windows.
            memory[fresh] = new.unsqueeze(1).expand_as(memory)[fresh]
        self._fresh[:] = False


@torch.inference_mode()
def act_once(policy: Policy, obs: Mapping[str, Any]) -> Floats:
    """One action for an observation without history; see Policy.act."""
    if policy.spec.steps > 1:
        raise BczooError(
            f"this policy looks at {policy.spec.steps} steps, so it needs a memory: "
            "actor = policy.actor(), actor.reset() at each episode's start, then actor.act(obs)"
        )
    policy.eval().normalizer.check()
    first = next(iter(policy.obs.images), "state")
    single = np.ndim(obs.get(first, ())) == (3 if policy.obs.images else 1)
    batch = {name: np.asarray(value)[None] for name, value in obs.items()} if single else obs
    images, state_BS = to_tensors(policy.obs, batch, policy.image_scale.device)
    prediction, _ = policy.decide(policy.encode(images).unsqueeze(1), state_BS.unsqueeze(1))
    action: Floats = policy.actions(prediction)[:, 0].float().cpu().numpy()
    return action[0] if single else action


def to_tensors(wanted: Obs, obs: Mapping[str, Any], device: torch.device) -> tuple[dict[str, Tensor], Tensor]:
    """Batched observations as tensors; raises BczooError where they are not what the policy was built for."""
    images = {}
    for name, shape in wanted.images.items():
        if name not in obs:
            raise BczooError(f"the observation has no {name!r}; this policy looks at {', '.join(wanted.images)}")
        image = np.asarray(obs[name])
        if image.dtype != np.uint8 or image.shape[1:] != shape:
            raise BczooError(
                f"observation {name!r} is {image.dtype} {image.shape[1:]}; this policy wants uint8 {shape}"
            )
        images[name] = torch.as_tensor(image, device=device)
    count = len(next(iter(obs.values())))
    if not wanted.state:
        return images, torch.zeros((count, 0), device=device)
    state = np.asarray(obs.get("state", ()), np.float32)
    if state.shape != (count, wanted.state):
        raise BczooError(f'observation "state" has shape {state.shape}; this policy wants {(count, wanted.state)}')
    return images, torch.as_tensor(state, device=device)
