"""No temporal module: what is observed goes straight to the head."""

from typing import Any

import torch
from torch import Tensor

from bczoo.engine.parts import Temporal, TemporalOutput
from bczoo.plugins.temporal.horizon_net import horizon_query, over_horizon
from bczoo.shapes import Context, Features


class NoTemporal(Temporal):
    """Concatenates tokens and states of all T steps (seed, steps 2 and 3 without GRU).

    For chunks (H > 1) a learned vector per horizon step tells the head which action is asked for.
    """

    def __init__(self, options: Any, features: Features, state: int, horizon: int, action: int) -> None:
        super().__init__(options, features, state, horizon, action)
        width = features.steps * (features.tokens * features.width + state)
        self.context = Context(horizon=horizon, width=width)
        self.query_HD = horizon_query(horizon, width)

    def forward(
        self,
        x_BTND: Tensor,
        state_BTS: Tensor,
        demo_BHA: Tensor | None = None,
        mask_BH: Tensor | None = None,
    ) -> TemporalOutput:
        x_BD = torch.cat([x_BTND.flatten(1), state_BTS.flatten(1)], dim=-1)
        return TemporalOutput(x_BHD=over_horizon(x_BD, self.query_HD))
