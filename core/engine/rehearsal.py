"""A pass of training on zeros, on torch's meta device: what could not be trained is found before anything is begun."""

from typing import Any

import torch

from bczoo.engine.parts import Prediction, TemporalOutput
from bczoo.engine.policy import Policy, together
from bczoo.engine.promises import built, called, learned, ran, unscalar, unscored
from bczoo.errors import BczooError
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec

# Batch normalisation refuses to train on a single sample.
SAMPLES = 2


@torch.no_grad()
def rehearse(spec: PolicySpec, loss: Any, obs: Obs, action: Action) -> None:
    """Raise BczooError naming the part whose penalties or scores could not be added up; spec.policy was probed before.

    A part that asks for the values of tensors, of which there are none here, is left to training itself.
    """
    try:
        # What is drawn here may not change what is drawn afterwards.
        with torch.random.fork_rng([]), torch.device("meta"):
            _rehearse(Policy(spec, obs, action).train(), loss)
    except BczooError as error:
        if "meta" not in str(error.__cause__).lower():
            raise


def _rehearse(policy: Policy, options: Any) -> None:
    spec, features, B, H = policy.spec, policy.backbone.features, SAMPLES, policy.spec.horizon
    x_BTND = torch.zeros(B, features.steps, features.tokens, features.width)
    state_BTS = torch.zeros(B, features.steps, policy.obs.state)
    demo_BHA, mask_BH = torch.zeros(B, H, policy.action.size), torch.ones(B, H, dtype=torch.bool)
    output = ran(spec.temporal, lambda: policy.temporal(x_BTND, state_BTS, demo_BHA, mask_BH), TemporalOutput)
    _demand(spec.temporal, unscalar(output.penalties))
    prediction = ran(spec.head, lambda: policy.head(output.x_BHD), Prediction)
    _demand(spec.head, unscalar(prediction.penalties))
    together(output.penalties, prediction.penalties)
    loss = built(options)
    _demand(options, learned(loss))
    loss_BH = ran(options, lambda: loss(prediction, demo_BHA, policy.form))
    _demand(options, unscored(loss_BH, (B, H)))


def _demand(options: Any, broken: str) -> None:
    if broken:
        raise BczooError(f"{called(options)} {broken}")
