"""A causal transformer over time."""

import torch
from torch import Tensor, nn

from bczoo.engine.parts import Temporal, TemporalOutput
from bczoo.plugins import temporal
from bczoo.plugins.temporal.attention_net import EncoderStack, sinusoid
from bczoo.plugins.temporal.horizon_net import horizon_query, over_horizon
from bczoo.shapes import Context, Features


class Transformer(Temporal):
    """One token per step, its features and state projected together, through causal self-attention.

    In the manner of robomimic's BC-Transformer: layer norm first, GELU, four times as wide feed-forward
    parts; positions in time are sinusoidal.
    """

    time_TD: Tensor
    future_TT: Tensor

    def __init__(
        self, options: "temporal.Transformer", features: Features, state: int, horizon: int, action: int
    ) -> None:
        super().__init__(options, features, state, horizon, action)
        width = options.d_model
        self.context = Context(horizon=horizon, width=width)
        self.project = nn.Linear(features.tokens * features.width + state, width)
        self.register_buffer("time_TD", sinusoid(features.steps, width), persistent=False)
        future_TT = torch.ones(features.steps, features.steps, dtype=torch.bool).triu(1)
        self.register_buffer("future_TT", future_TT, persistent=False)
        self.encoder = EncoderStack(
            options.layers,
            width,
            options.heads,
            dim_feedforward=4 * width,
            dropout=options.dropout,
            activation="gelu",
            norm_first=True,
        )
        self.norm = nn.LayerNorm(width)
        self.query_HD = horizon_query(horizon, width)

    def forward(
        self,
        x_BTND: Tensor,
        state_BTS: Tensor,
        demo_BHA: Tensor | None = None,
        mask_BH: Tensor | None = None,
    ) -> TemporalOutput:
        x_BTD = self.encode(x_BTND, state_BTS)
        return TemporalOutput(x_BHD=over_horizon(self.norm(x_BTD[:, -1]), self.query_HD))

    def encode(self, x_BTND: Tensor, state_BTS: Tensor) -> Tensor:
        """The steps' own vectors x_BTD; each depends on its step and earlier ones only."""
        x_BTD = self.project(torch.cat([x_BTND.flatten(2), state_BTS], dim=-1)) + self.time_TD
        encoded_BTD: Tensor = self.encoder(x_BTD, self.future_TT, causal=True)
        return encoded_BTD
