"""Action chunking with transformers (Zhao et al. 2023; seed, architecture 2)."""

import torch
from torch import Tensor, nn

from bczoo.engine.parts import Temporal, TemporalOutput
from bczoo.plugins import temporal
from bczoo.plugins.temporal.attention_net import EncoderStack, sinusoid
from bczoo.plugins.temporal.dropout_net import with_light_dropout
from bczoo.plugins.temporal.latent_net import Latent
from bczoo.shapes import Context, Features


class Act(Temporal):
    """Encodes the observed tokens and decodes one vector per action of the chunk (seed, steps 2 to 6).

    Projected tokens and states are added, so every token of a step knows the state; tokens of a step share
    its position in time, and where there are several each has a learned embedding of its place.
    """

    time_TD: Tensor

    def __init__(self, options: "temporal.Act", features: Features, state: int, horizon: int, action: int) -> None:
        super().__init__(options, features, state, horizon, action)
        width = options.d_model
        self.context = Context(horizon=horizon, width=width)
        # A state-only backbone has no tokens; then the state alone is a step's token.
        self.visual = nn.Linear(features.width, width) if features.tokens * features.width else None
        self.state = nn.Linear(state, width) if state else None
        self.register_buffer("time_TD", sinusoid(features.steps, width), persistent=False)
        self.place_ND = nn.Parameter(0.02 * torch.randn(features.tokens, width)) if features.tokens > 1 else None
        feedforward, dropout = options.dim_feedforward, options.dropout
        self.encoder = EncoderStack(
            options.encoder_layers, width, options.heads, dim_feedforward=feedforward, dropout=dropout
        )
        # Of the scale that layer norm keeps, as in DETR: smaller queries would all start out alike.
        self.query_HD = nn.Parameter(torch.randn(horizon, width))
        self.decoder = nn.ModuleList(
            with_light_dropout(nn.TransformerDecoderLayer(width, options.heads, feedforward, dropout, batch_first=True))
            for _ in range(options.decoder_layers)
        )
        self.latent = Latent(options, state, horizon, action) if options.cvae else None

    def forward(
        self,
        x_BTND: Tensor,
        state_BTS: Tensor,
        demo_BHA: Tensor | None = None,
        mask_BH: Tensor | None = None,
    ) -> TemporalOutput:
        x_BLD, penalties = self._tokens(x_BTND, state_BTS), {}
        if self.latent is not None:
            # The newest state is the one that the chunk starts from.
            z_B1D, penalties = self.latent(state_BTS[:, -1], demo_BHA, mask_BH)
            x_BLD = torch.cat([x_BLD, z_B1D], dim=1)
        memory_BLD = self.encoder(x_BLD)
        x_BHD = self.query_HD.expand(x_BTND.shape[0], -1, -1)
        for layer in self.decoder:
            x_BHD = layer(x_BHD, memory_BLD)
        return TemporalOutput(x_BHD=x_BHD, penalties=penalties)

    def _tokens(self, x_BTND: Tensor, state_BTS: Tensor) -> Tensor:
        """All steps' tokens in one row, x_BLD with L = T N."""
        shift = self.time_TD if self.state is None else self.state(state_BTS) + self.time_TD
        if self.visual is None:
            return shift
        x_BTND = self.visual(x_BTND) + shift.unsqueeze(-2)
        if self.place_ND is not None:
            x_BTND = x_BTND + self.place_ND
        return x_BTND.flatten(1, 2)
