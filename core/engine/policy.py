"""A policy: parts in a row, each built for what the one before it declares; see assembly for how it is checked."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bczoo.card import card_of
from bczoo.engine.normalize import Normalizer
from bczoo.engine.parts import ActionForm, Backbone, Batch, Head, Prediction, Temporal
from bczoo.engine.promises import built, called, declared
from bczoo.errors import BczooError
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec


class Policy(nn.Module):
    """Images and states in, a chunk of actions out. It keeps no memory between calls: see rollout.Actor."""

    backbone: Backbone
    temporal: Temporal
    form: ActionForm
    head: Head
    image_scale: Tensor
    image_shift: Tensor

    def __init__(self, spec: PolicySpec, obs: Obs, action: Action) -> None:
        super().__init__()
        self.spec, self.obs, self.action = spec, obs, action
        self._bf16 = False
        _refuse_blindness(spec.backbone, obs)
        self.backbone = built(spec.backbone, obs)
        features = declared(spec.backbone, self.backbone)
        self.temporal = built(spec.temporal, features, obs.state, spec.horizon, action.size)
        self.form = built(spec.action, action)
        declared(spec.action, self.form)
        self.head = built(spec.head, declared(spec.temporal, self.temporal), self.form)
        self.normalizer = Normalizer(obs.state, action)
        mean, std = torch.tensor(self.backbone.mean), torch.tensor(self.backbone.std)
        self.register_buffer("image_scale", (1.0 / (255.0 * std)).view(-1, 1, 1), persistent=False)
        self.register_buffer("image_shift", (-mean / std).view(-1, 1, 1), persistent=False)

    def encode(self, images: Mapping[str, Tensor], state: Tensor) -> Tensor:
        """Encode uint8 frames {camera: (..., height, width, channels)} as x_...ND; states (..., S) came with them."""
        with self.precision():
            x_MND = self.frames(images, math.prod(state.shape[:-1]))
        return x_MND.view(*state.shape[:-1], *x_MND.shape[1:])

    def frames(self, images: Mapping[str, Tensor], count: int) -> Tensor:
        """Encode uint8 frames {camera: (..., height, width, channels)}, `count` (M) of each camera, as x_MND."""
        if not self.backbone.sees:
            features = self.backbone.features
            return self.image_scale.new_zeros(count, features.tokens, features.width)
        x_MND: Tensor = self.backbone({name: self._normalized(images[name].flatten(0, -4)) for name in self.obs.images})
        return x_MND

    def _normalized(self, image_MHWC: Tensor) -> Tensor:
        # Line by line, so that the arithmetic runs over long rows of numbers instead of three at a time: a fifth of the
        # time on a CPU. A permuted view of the result is in channels_last layout; nothing is copied twice.
        *_, width, channels = image_MHWC.shape
        scale, shift = (
            value.flatten().expand(channels).repeat(width) for value in (self.image_scale, self.image_shift)
        )
        return image_MHWC.flatten(2).float().mul_(scale).add_(shift).view(image_MHWC.shape).permute(0, 3, 1, 2)

    def decide(
        self,
        x_BTND: Tensor,
        state_BTS: Tensor,
        demo_BHA: Tensor | None = None,
        mask_BH: Tensor | None = None,
    ) -> tuple[Prediction, Mapping[str, Tensor]]:
        """From encoded frames and raw states to a prediction, and what temporal module and head add to the loss."""
        with self.precision():
            output = self.temporal(x_BTND, self.normalizer.state(state_BTS), demo_BHA, mask_BH)
            prediction = self.head(output.x_BHD)
        return prediction, together(output.penalties, prediction.penalties)

    def forward(self, batch: Batch) -> tuple[Prediction, Mapping[str, Tensor]]:
        """A pass over a batch of windows; what was demonstrated is shown to the temporal module in training only."""
        if not self.training:
            return self.decide(self._seen(batch), batch.state_BTS)
        demo_BHA = self.normalizer.scale(batch.action_BHA)
        return self.decide(self._seen(batch), batch.state_BTS, demo_BHA, batch.mask_BH)

    def _seen(self, batch: Batch) -> Tensor:
        """x_BTND of a batch; frames that several windows share are encoded once."""
        lead = batch.state_BTS.shape[:2]
        x_MND = self.frames(batch.images, math.prod(lead)) if batch.x_MND is None else batch.x_MND
        return x_MND.view(*lead, *x_MND.shape[1:]) if batch.frame_BT is None else x_MND[batch.frame_BT]

    def infer_in_bf16(self) -> "Policy":
        """Round the weights to bfloat16 for good, and compute in it: half the memory to read, so about half the time.

        For acting, not for training: actions differ by about a hundredth of their range. Scales and shifts of
        norms, statistics and everything that decodes actions stay in float32.
        """
        for part in (self.backbone, self.temporal, self.head):
            for parameter in part.parameters():
                if parameter.ndim > 1:
                    parameter.data = parameter.data.bfloat16()
        self.to(memory_format=torch.channels_last)
        self._bf16 = True
        return self

    def precision(self) -> AbstractContextManager[Any]:
        """What it computes in, around calls of its parts one by one; `encode`, `decide` and `point` see to it."""
        # Training chooses its precision itself, around the whole policy.
        return torch.autocast(self.image_scale.device.type, torch.bfloat16) if self._bf16 else nullcontext()

    def actions(self, prediction: Prediction) -> Tensor:
        """The predicted chunk action_BHA in the env's own units and bounds."""
        return self.decoded(self.point(prediction))

    def point(self, prediction: Prediction) -> Tensor:
        """The head's one best guess, point_BHP."""
        with self.precision():
            return self.head.point(prediction)

    def decoded(self, point_BHP: Tensor) -> Tensor:
        """Encoded actions as action_BHA in the env's own units and bounds."""
        return self.normalizer.unscale(self.form.decode(point_BHP))

    def act(self, obs: Mapping[str, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """One action (A,) for one observation, or (B, A) for a batch, as the env gives it.

        `obs` maps camera names to uint8 (height, width, channels) and "state" to (S,). Only for policies
        that look at one step; others, which look at several or carry a recurrent memory, need `policy.actor()`.
        """
        from bczoo.engine.rollout import act_once

        return act_once(self, obs)

    def actor(self, slots: int = 1, execute: int = 1, ensemble: float | None = None) -> Any:
        """A rollout.Actor with this policy and fresh memory for `slots` environments."""
        from bczoo.engine.rollout import Actor

        return Actor(self, slots=slots, execute=execute, ensemble=ensemble)


def together(temporal: Mapping[str, Tensor], head: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Penalties of both by name; raises BczooError where one name stands for two."""
    if not head:
        return temporal
    if twice := sorted(temporal.keys() & head.keys()):
        raise BczooError(f"the temporal module and the head both give a penalty {twice[0]!r}; rename one of them")
    return {**temporal, **head}


def sees(backbone: Any) -> bool:
    """Whether a backbone, given as options, looks at cameras."""
    # A part may also be built by a function, which says nothing about cameras.
    return getattr(card_of(backbone).load(), "sees", True)


def _refuse_blindness(backbone: Any, obs: Obs) -> None:
    if sees(backbone):
        if not obs.images:
            raise BczooError(f"{called(backbone)} looks at cameras, but the env has none; take one that does without")
    elif not obs.state:
        raise BczooError(
            f"{called(backbone)} looks at no camera and there is no state either, so the policy would see nothing; "
            "take another backbone, or an env with a state and policy.state = true"
        )
