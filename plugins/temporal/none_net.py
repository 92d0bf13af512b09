"""No temporal module: what is observed goes straight to the head."""

from typing import Any

import torch
from torch import Tensor, nn

from bczoo.engine.parts import Temporal, TemporalOutput
from bczoo.shapes import Context, Features


class NoTemporal(Temporal):
    """Concatenates tokens and states of all T steps (seed, steps 2 and 3 without GRU).

    For chunks (H > 1) a learned vector per horizon step tells the head which action is asked for.
    """

    def __init__(self, options: Any, features: Features, state: int, horizon: int) -> None:
        super().__init__(options, features, state, horizon)
        width = features.steps * (features.tokens * features.width + state)
        self.context = Context(horizon=horizon, width=width)
        self.query_HD = nn.Parameter(0.02 * torch.randn(horizon, width)) if horizon > 1 else None

    def forward(self, x_BTND: Tensor, state_BTS: Tensor, demo_BHA: Tensor | None = None) -> TemporalOutput:
        x_BD = torch.cat([x_BTND.flatten(1), state_BTS.flatten(1)], dim=-1)
        x_BHD = x_BD.unsqueeze(1)
        return TemporalOutput(x_BHD=x_BHD if self.query_HD is None else x_BHD + self.query_HD)
