"""Assemble a policy from parts, each built for what the one before it declares."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor, nn

from bczoo.card import build, card_of
from bczoo.engine.env import Spaces
from bczoo.engine.normalize import Normalizer
from bczoo.engine.parts import ActionForm, Backbone, Batch, Head, Prediction, Temporal
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
        self.backbone = _build(spec.backbone, obs)
        self.temporal = _build(spec.temporal, self.backbone.features, obs.state, spec.horizon, action.size)
        self.form = _build(spec.action, action)
        self.head = _build(spec.head, self.temporal.context, self.form)
        self.normalizer = Normalizer(obs.state, action)
        mean, std = torch.tensor(self.backbone.mean), torch.tensor(self.backbone.std)
        self.register_buffer("image_scale", (1.0 / (255.0 * std)).view(-1, 1, 1), persistent=False)
        self.register_buffer("image_shift", (-mean / std).view(-1, 1, 1), persistent=False)

    def encode(self, images: Mapping[str, Tensor], state: Tensor) -> Tensor:
        """Encode uint8 frames {camera: (..., height, width, channels)} as x_...ND; states (..., S) came with them."""
        with self._precision():
            x_MND = self._frames(images, math.prod(state.shape[:-1]))
        return x_MND.view(*state.shape[:-1], *x_MND.shape[1:])

    def _frames(self, images: Mapping[str, Tensor], count: int) -> Tensor:
        if not self.backbone.sees:
            features = self.backbone.features
            return self.image_scale.new_zeros(count, features.tokens, features.width)
        x_MND: Tensor = self.backbone({name: self._normalized(images[name].flatten(0, -4)) for name in self.obs.images})
        return x_MND

    def _normalized(self, image_MHWC: Tensor) -> Tensor:
        # A permuted view of channel-last bytes is already in channels_last layout; nothing is copied twice.
        return image_MHWC.permute(0, 3, 1, 2).float().mul_(self.image_scale).add_(self.image_shift)

    def decide(
        self,
        x_BTND: Tensor,
        state_BTS: Tensor,
        demo_BHA: Tensor | None = None,
        mask_BH: Tensor | None = None,
    ) -> tuple[Prediction, Mapping[str, Tensor]]:
        """From encoded frames and raw states to a prediction and the temporal module's penalties."""
        with self._precision():
            output = self.temporal(x_BTND, self.normalizer.state(state_BTS), demo_BHA, mask_BH)
            return self.head(output.x_BHD), output.penalties

    def forward(self, batch: Batch) -> tuple[Prediction, Mapping[str, Tensor]]:
        """Training pass over a batch of windows."""
        demo_BHA = self.normalizer.scale(batch.action_BHA)
        return self.decide(self._seen(batch), batch.state_BTS, demo_BHA, batch.mask_BH)

    def _seen(self, batch: Batch) -> Tensor:
        """x_BTND of a batch; frames that several windows share are encoded once."""
        lead = batch.state_BTS.shape[:2]
        x_MND = self._frames(batch.images, math.prod(lead)) if batch.x_MND is None else batch.x_MND
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

    def _precision(self) -> AbstractContextManager[Any]:
        # Training chooses its precision itself, around the whole policy.
        return torch.autocast(self.image_scale.device.type, torch.bfloat16) if self._bf16 else nullcontext()

    def actions(self, prediction: Prediction) -> Tensor:
        """The predicted chunk action_BHA in the env's own units and bounds."""
        return self.normalizer.unscale(self.form.decode(prediction.point_BHP))

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


@attrs.frozen(kw_only=True)
class Row:
    """One line of the table of parts: shapes without the batch dimension, and parameters."""

    part: str
    use: str
    takes: str
    gives: str
    parameters: int


def assemble(spec: PolicySpec, obs: Obs, action: Action) -> Policy:
    """Build a policy whose declared shapes have been seen to be true; raises BczooError naming the part."""
    probe(spec, obs, action)
    return Policy(spec, obs, action)


def observe(spec: PolicySpec, spaces: Spaces) -> Obs:
    """What a policy of this spec takes of what the env shows."""
    images = spaces.images if _sees(spec.backbone) else {}
    return Obs(steps=spec.steps, images=images, state=spaces.state if spec.state else 0)


def _sees(backbone: Any) -> bool:
    # A part may also be built by a function, which says nothing about cameras.
    return getattr(card_of(backbone).load(), "sees", True)


def _refuse_blindness(backbone: Any, obs: Obs) -> None:
    if _sees(backbone):
        if not obs.images:
            raise BczooError(f"{_called(backbone)} looks at cameras, but the env has none; take one that does without")
    elif not obs.state:
        raise BczooError(
            f"{_called(backbone)} looks at no camera and there is no state either, so the policy would see nothing; "
            "take another backbone, or an env with a state and policy.state = true"
        )


@torch.no_grad()
def probe(spec: PolicySpec, obs: Obs, action: Action) -> list[Row]:
    """Run zeros through the policy on the meta device and compare seen with declared shapes."""
    with torch.device("meta"):
        policy = Policy(spec, obs, action).eval()
        B, T = 2, obs.steps
        images = {name: torch.zeros((B, T, *shape), dtype=torch.uint8) for name, shape in obs.images.items()}
        state_BTS = torch.zeros(B, T, obs.state)
        x_BTND = _seen(spec.backbone, lambda: policy.encode(images, state_BTS))
        features, context = policy.backbone.features, policy.temporal.context
        _compare(spec.backbone, x_BTND, (B, T, features.tokens, features.width))
        output = _seen(spec.temporal, lambda: policy.temporal(x_BTND, state_BTS))
        _compare(spec.temporal, output.x_BHD, (B, spec.horizon, context.width))
        prediction = _seen(spec.head, lambda: policy.head(output.x_BHD))
        _compare(spec.head, prediction.point_BHP, (B, spec.horizon, policy.form.size))
        action_BHA = _seen(spec.action, lambda: policy.actions(prediction))
        _compare(spec.action, action_BHA, (B, spec.horizon, action.size))
    cameras = " + ".join(f"{name} {_shape(T, *shape)}" for name, shape in obs.images.items())
    state = f" + state {_shape(T, obs.state)}" if obs.state else ""
    return [
        _row("backbone", spec.backbone, policy.backbone, cameras or "nothing", x_BTND),
        _row("temporal", spec.temporal, policy.temporal, _shape(*x_BTND.shape[1:]) + state, output.x_BHD),
        _row("head", spec.head, policy.head, _shape(*output.x_BHD.shape[1:]), prediction.point_BHP),
        _row("action", spec.action, policy.form, _shape(*prediction.point_BHP.shape[1:]), action_BHA),
    ]


def _row(part: str, options: Any, module: nn.Module, takes: str, gives: Tensor) -> Row:
    count = sum(p.numel() for p in module.parameters())
    return Row(part=part, use=card_of(options).name, takes=takes, gives=_shape(*gives.shape[1:]), parameters=count)


def _shape(*sizes: int) -> str:
    return "x".join(map(str, sizes))


def _build(options: Any, *args: Any) -> Any:
    try:
        return build(options, *args)
    except (ValueError, RuntimeError) as error:
        raise BczooError(f"{_called(options)} cannot be built here: {error}") from error


def _seen(options: Any, run: Any) -> Any:
    try:
        return run()
    except RuntimeError as error:
        raise BczooError(f"{_called(options)} does not take what it is given: {error}") from error


def _compare(options: Any, seen: Tensor, declared: tuple[int, ...]) -> None:
    if tuple(seen.shape) != declared:
        raise BczooError(
            f"{_called(options)} declares {_shape(*declared[1:])} but gives {_shape(*seen.shape[1:])}: "
            "its declaration or its forward is wrong"
        )


def _called(options: Any) -> str:
    card = card_of(options)
    return f"{card.kind} {card.name!r}"
