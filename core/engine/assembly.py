"""Assemble a policy from parts, each built for what the one before it declares; declarations are not believed."""

from typing import Any

import attrs
import torch
from torch import Tensor, nn

from bczoo.card import card_of
from bczoo.engine.env import Spaces
from bczoo.engine.parts import Prediction, TemporalOutput
from bczoo.engine.policy import Policy, sees
from bczoo.engine.promises import called, misshapen, ran, shape
from bczoo.engine.rehearsal import rehearse
from bczoo.errors import BczooError
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec


@attrs.frozen(kw_only=True)
class Row:
    """One line of the table of parts: shapes without the batch dimension, and parameters."""

    part: str
    use: str
    takes: str
    gives: str
    parameters: int


def assemble(spec: PolicySpec, obs: Obs, action: Action, loss: Any = None) -> Policy:
    """Build a policy whose declared shapes have been seen to be true; raises BczooError naming the part.

    With the options of a `loss`, training is rehearsed as well.
    """
    probe(spec, obs, action)
    if loss is not None:
        rehearse(spec, loss, obs, action)
    return Policy(spec, obs, action)


def observe(spec: PolicySpec, spaces: Spaces) -> Obs:
    """What a policy of this spec takes of what the env shows."""
    images = spaces.images if sees(spec.backbone) else {}
    return Obs(steps=spec.steps, images=images, state=spaces.state if spec.state else 0)


@torch.no_grad()
def probe(spec: PolicySpec, obs: Obs, action: Action) -> list[Row]:
    """Run zeros through the policy on the meta device and compare seen with declared shapes."""
    with torch.device("meta"):
        policy = Policy(spec, obs, action).eval()
        features, context = policy.backbone.features, policy.temporal.context
        _same(spec.backbone, "features.steps", features.steps, "the policy observes", obs.steps)
        _same(spec.temporal, "context.horizon", context.horizon, "the policy predicts", spec.horizon)
        B, T = 2, obs.steps
        images = {name: torch.zeros((B, T, *shape), dtype=torch.uint8) for name, shape in obs.images.items()}
        state_BTS = torch.zeros(B, T, obs.state)
        x_MND = ran(spec.backbone, lambda: policy.frames(images, B * T))
        _compare(spec.backbone, "x_MND", x_MND, (B * T, features.tokens, features.width))
        x_BTND = x_MND.view(B, T, *x_MND.shape[1:])
        output = ran(spec.temporal, lambda: policy.temporal(x_BTND, state_BTS), TemporalOutput)
        _compare(spec.temporal, "x_BHD", output.x_BHD, (B, spec.horizon, context.width))
        prediction = ran(spec.head, lambda: policy.head(output.x_BHD), Prediction)
        if policy.head.predicts == "point":  # which is what its losses read
            _compare(spec.head, "point_BHP", prediction.point_BHP, (B, spec.horizon, policy.form.size))
        point_BHP = ran(spec.head, lambda: policy.point(prediction))
        _compare(spec.head, "point_BHP", point_BHP, (B, spec.horizon, policy.form.size))
        action_BHA = ran(spec.action, lambda: policy.decoded(point_BHP))
        _compare(spec.action, "action_BHA", action_BHA, (B, spec.horizon, action.size))
    cameras = " + ".join(f"{name} {shape(T, *size)}" for name, size in obs.images.items())
    state = f" + state {shape(T, obs.state)}" if obs.state else ""
    return [
        _row("backbone", spec.backbone, policy.backbone, cameras or "nothing", x_BTND),
        _row("temporal", spec.temporal, policy.temporal, shape(*x_BTND.shape[1:]) + state, output.x_BHD),
        _row("head", spec.head, policy.head, shape(*output.x_BHD.shape[1:]), point_BHP),
        _row("action", spec.action, policy.form, shape(*point_BHP.shape[1:]), action_BHA),
    ]


def _row(part: str, options: Any, module: nn.Module, takes: str, gives: Tensor) -> Row:
    count = sum(p.numel() for p in module.parameters())
    return Row(part=part, use=card_of(options).name, takes=takes, gives=shape(*gives.shape[1:]), parameters=count)


def _compare(options: Any, name: str, seen: Any, declared: tuple[int, ...]) -> None:
    if broken := misshapen(name, seen, declared):
        raise BczooError(f"{called(options)} {broken}")


def _same(options: Any, name: str, declared: int, does: str, wanted: int) -> None:
    if declared != wanted:
        raise BczooError(f"{called(options)} declares {name} = {declared}, but {does} {wanted} steps")
