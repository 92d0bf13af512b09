"""Recurrent networks over the observed steps."""

import torch
from torch import Tensor, nn

from bczoo.engine.parts import Memory, Temporal, TemporalOutput
from bczoo.plugins import temporal
from bczoo.plugins.temporal.horizon_net import horizon_query, over_horizon
from bczoo.shapes import Context, Features


class Recurrent(Temporal):
    """Tokens of a step, flattened and beside the state, go through an RNN step by step (seed, step 3).

    The last hidden state is what the head gets. With T = 1 this is the seed's GRU over a sequence of one.
    Carried through a rollout (`step`) it is the same network, never restarted within an episode.
    """

    net: type[nn.GRU] | type[nn.LSTM]
    states: int  # tensors the network remembers: h, or h and c

    def __init__(
        self,
        options: "temporal.Gru | temporal.Lstm",
        features: Features,
        state: int,
        horizon: int,
        action: int,
    ) -> None:
        super().__init__(options, features, state, horizon, action)
        self.context = Context(horizon=horizon, width=options.hidden)
        self.recurrent = options.memory == "carry"
        width = features.tokens * features.width + state
        self.rnn = self.net(width, options.hidden, num_layers=options.layers, batch_first=True)
        self.query_HD = horizon_query(horizon, options.hidden)

    def forward(
        self,
        x_BTND: Tensor,
        state_BTS: Tensor,
        demo_BHA: Tensor | None = None,
        mask_BH: Tensor | None = None,
    ) -> TemporalOutput:
        x_BTD, _ = self.rnn(torch.cat([x_BTND.flatten(2), state_BTS], dim=-1))
        return self._output(x_BTD)

    def start(self, batch: int) -> Memory:
        shape, device = (batch, self.rnn.num_layers, self.rnn.hidden_size), next(self.parameters()).device
        return tuple(torch.zeros(shape, device=device) for _ in range(self.states))

    def step(self, x_BND: Tensor, state_BS: Tensor, memory: Memory) -> tuple[TemporalOutput, Memory]:
        x_B1D = torch.cat([x_BND.flatten(1), state_BS], dim=-1).unsqueeze(1)
        # torch keeps layers first, memories keep the batch first.
        hidden = tuple(state.transpose(0, 1).contiguous() for state in memory)
        x_BTD, after = self.rnn(x_B1D, hidden if len(hidden) > 1 else hidden[0])
        after = after if isinstance(after, tuple) else (after,)
        return self._output(x_BTD), tuple(state.transpose(0, 1) for state in after)

    def _output(self, x_BTD: Tensor) -> TemporalOutput:
        return TemporalOutput(x_BHD=over_horizon(x_BTD[:, -1], self.query_HD))


class Gru(Recurrent):
    """Gated recurrent units (Cho et al. 2014; seed, step 3)."""

    net = nn.GRU
    states = 1


class Lstm(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber 1997)."""

    net = nn.LSTM
    states = 2
