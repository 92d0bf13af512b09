"""Acting in environments: the memory a policy needs, one per environment slot."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bczoo.engine.chunks import Chunks, Ensemble, Floats, Queue
from bczoo.engine.memory import new_memory
from bczoo.engine.policy import Policy
from bczoo.errors import BczooError, InputError
from bczoo.shapes import Obs
from bczoo.spec import ensemble_mistake


class Actor:
    """A policy at work in `slots` environments side by side.

    Each slot has its own memory of the frames it has seen and its own predicted actions; each new frame is
    encoded once. `execute` actions of a chunk are carried out before the next is predicted; with `ensemble`
    (the decay m, >= 0) a chunk is predicted at every step, and all that speak of a step are averaged. `predicted` are
    the chunks (slots, H, A) that were predicted at the last step, or None if there was no need to.
    """

    predicted: Floats | None = None

    def __init__(self, policy: Policy, slots: int = 1, execute: int = 1, ensemble: float | None = None) -> None:
        horizon, size = policy.spec.horizon, policy.action.size
        if not 1 <= execute <= horizon:
            raise InputError(f"execute = {execute}: this policy predicts {horizon} actions at once")
        if mistake := ensemble_mistake(ensemble, execute, horizon):
            raise InputError(mistake)
        policy.normalizer.check()
        self.policy, self.slots = policy.eval(), slots
        self.device = policy.image_scale.device
        self._memory = new_memory(policy, slots)
        self._chunks: Chunks = (
            Queue(slots, horizon, size, execute) if ensemble is None else Ensemble(slots, horizon, size, ensemble)
        )
        self._fresh = np.ones(slots, bool)

    def reset(self, slots: Sequence[int] | None = None) -> None:
        """Forget everything in these slots (all of them by default): a new episode starts there."""
        index = list(range(self.slots)) if slots is None else list(slots)
        self._fresh[index] = True
        self._chunks.reset(index)

    @torch.inference_mode()
    def act(self, obs: Mapping[str, Any]) -> Floats:
        """Actions (slots, A) for observations {camera: uint8 (slots, h, w, c), "state": (slots, S)}."""
        images, state = to_tensors(self.policy.obs, obs, self.slots, self.device)
        due = bool(self._chunks.due().any())
        with self.policy.precision():
            if due or self._memory.lasting:
                self._memory.see(self.policy.encode(images, state), state, self._fresh)
                self._fresh[:] = False
            self.predicted = None
            if due:
                prediction = self.policy.head(self._memory.context())
                self.predicted = self.policy.actions(prediction).float().cpu().numpy()
                self._chunks.put(self.predicted)
        return self._chunks.take()

    @torch.inference_mode()
    def twin(self) -> "Actor":
        """Another actor with the same policy and a copy of this one's memory, to try something out."""
        return deepcopy(self, {id(self.policy): self.policy})


@torch.inference_mode()
def act_once(policy: Policy, obs: Mapping[str, Any]) -> Floats:
    """One action for an observation without history; see Policy.act."""
    if policy.spec.steps > 1 or policy.temporal.recurrent:
        past = "whole episode so far" if policy.temporal.recurrent else f"last {policy.spec.steps} steps"
        raise BczooError(
            f"this policy looks at the {past}, so it needs a memory: "
            "actor = policy.actor(), actor.reset() at each episode's start, then actor.act(obs)"
        )
    policy.eval().normalizer.check()
    first = next(iter(policy.obs.images), "state")
    single = np.ndim(obs.get(first, ())) == (3 if policy.obs.images else 1)
    batch = {name: np.asarray(value)[None] for name, value in obs.items()} if single else obs
    count = len(batch.get(first, ())) or 1
    images, state_BS = to_tensors(policy.obs, batch, count, policy.image_scale.device)
    prediction, _ = policy.decide(policy.encode(images, state_BS).unsqueeze(1), state_BS.unsqueeze(1))
    action: Floats = policy.actions(prediction)[:, 0].float().cpu().numpy()
    return action[0] if single else action


def to_tensors(
    wanted: Obs, obs: Mapping[str, Any], count: int, device: torch.device
) -> tuple[dict[str, Tensor], Tensor]:
    """`count` observations as tensors; raises BczooError where they are not what the policy was built for."""
    images = {
        name: torch.as_tensor(_taken(obs, name, (count, *shape), np.uint8), device=device)
        for name, shape in wanted.images.items()
    }
    if not wanted.state:
        return images, torch.zeros((count, 0), device=device)
    return images, torch.as_tensor(_taken(obs, "state", (count, wanted.state), np.float32), device=device)


def _taken(obs: Mapping[str, Any], name: str, shape: tuple[int, ...], dtype: type) -> "np.ndarray[Any, Any]":
    """One entry of an observation; a camera's is already in bytes, while a state may be of any numbers."""
    if name not in obs:
        raise BczooError(f"the observation has no {name!r}; it has {', '.join(map(repr, obs)) or 'nothing'}")
    value = np.asarray(obs[name])
    if dtype is np.float32:
        value = value.astype(np.float32)
    if value.dtype != dtype or value.shape != shape:
        raise BczooError(
            f"observation {name!r} is {value.dtype} {value.shape}; wanted is {np.dtype(dtype)} {shape}, "
            f"{shape[0]} observation{'s' * (shape[0] > 1)} at once"
        )
    return value
