"""Statistics of the data, as buffers that travel with the weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bczoo.errors import BczooError
from bczoo.shapes import Action

# Below this a dimension hardly moves, and dividing by its deviation would only blow up noise.
STD_FLOOR = 1e-2


class Normalizer(nn.Module):
    """Standardises states, and scales actions between their bounds and [-1, 1].

    State statistics are NaN until fitted; a policy without them refuses to run.
    """

    state_mean: Tensor
    state_std: Tensor
    action_low: Tensor
    action_high: Tensor

    def __init__(self, state: int, action: Action) -> None:
        super().__init__()
        self.register_buffer("state_mean", torch.full((state,), torch.nan))
        self.register_buffer("state_std", torch.full((state,), torch.nan))
        self.register_buffer("action_low", torch.tensor(action.low, dtype=torch.float32))
        self.register_buffer("action_high", torch.tensor(action.high, dtype=torch.float32))

    def fit(self, mean: Tensor, std: Tensor) -> None:
        """Take the training split's state statistics (S,), with a floor under the deviation."""
        self.state_mean.copy_(mean)
        self.state_std.copy_(std.clamp_min(STD_FLOOR))

    def check(self) -> None:
        """Raise BczooError unless every statistic is there."""
        for name, value in self.named_buffers():
            if not torch.isfinite(value).all():
                raise BczooError(f"the policy has no {name}: statistics are missing; train it or load a whole file")

    def state(self, state_S: Tensor) -> Tensor:
        """Standardise (..., S)."""
        return (state_S - self.state_mean) / self.state_std

    def scale(self, action_A: Tensor) -> Tensor:
        """Env actions (..., A) to [-1, 1]."""
        return 2.0 * (action_A - self.action_low) / (self.action_high - self.action_low) - 1.0

    def unscale(self, action_A: Tensor) -> Tensor:
        """Scaled actions (..., A) to the env's units, inside its bounds."""
        action_A = action_A.clamp(-1.0, 1.0)
        return self.action_low + 0.5 * (action_A + 1.0) * (self.action_high - self.action_low)


def fit(normalizer: Normalizer, statistics: Mapping[str, Tensor] | None) -> None:
    """Fit from {"mean", "std"} of the state, or to the identity when given None."""
    size = normalizer.state_mean.shape
    if statistics is None:
        normalizer.fit(torch.zeros(size), torch.ones(size))
    else:
        normalizer.fit(statistics["mean"], statistics["std"])
