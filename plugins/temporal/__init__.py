"""Temporal modules: cards only."""

from collections.abc import Iterable
from typing import Final, Literal

from attrs.validators import and_, ge, le, lt

from bczoo.card import component, field
from bczoo.hooks import hookimpl

MEMORY_HELP: Final = (
    "in rollout: window reads the last T frames anew, as training does; carry keeps the hidden state through the "
    "episode, which makes sense only after training with T > 1"
)

# Layers are built one by one, and a file that asks for millions of them would keep its reader busy for hours.
_layers = and_(ge(1), le(100))


@component("temporal", "none", "bczoo.plugins.temporal.none_net:NoTemporal")
class NoTemporal:
    """No memory: the features and states of the observed steps, side by side."""


@component("temporal", "gru", "bczoo.plugins.temporal.recurrent_net:Gru")
class Gru:
    """A GRU over the observed steps; its last hidden state decides."""

    hidden: int = field(default=128, check=ge(1), help="width of the hidden state")
    layers: int = field(default=1, check=_layers, help="GRU layers on top of each other")
    memory: Literal["window", "carry"] = field(default="window", help=MEMORY_HELP)


@component("temporal", "lstm", "bczoo.plugins.temporal.recurrent_net:Lstm")
class Lstm:
    """An LSTM over the observed steps; its last hidden state decides."""

    hidden: int = field(default=128, check=ge(1), help="width of the hidden state")
    layers: int = field(default=1, check=_layers, help="LSTM layers on top of each other")
    memory: Literal["window", "carry"] = field(default="window", help=MEMORY_HELP)


@component("temporal", "act", "bczoo.plugins.temporal.act_net:Act")
class Act:
    """Action chunking with transformers: learned queries, one an action, look at the encoded observations."""

    d_model: int = field(default=512, check=ge(1), help="width of the transformer")
    heads: int = field(default=8, check=ge(1), help="attention heads; must divide d_model")
    encoder_layers: int = field(default=4, check=_layers, help="layers over the observed steps")
    decoder_layers: int = field(default=4, check=_layers, help="layers over the action queries")
    dim_feedforward: int = field(default=512, check=ge(1), help="hidden width of each layer's feed-forward part")
    dropout: float = field(default=0.1, check=and_(ge(0.0), lt(1.0)), help="dropout within each layer")
    cvae: bool = field(default=False, help="train with a latent that encodes the demonstrated chunk; 0 in rollout")
    latent: int = field(default=32, check=ge(1), help="size of the latent, with cvae")
    kl_weight: float = field(default=10.0, check=ge(0.0), help="weight of the latent's KL divergence, with cvae")

    def __attrs_post_init__(self) -> None:
        _heads_divide(self.d_model, self.heads)


@component("temporal", "transformer", "bczoo.plugins.temporal.transformer_net:Transformer")
class Transformer:
    """A causal transformer over the observed steps; the last step's output decides."""

    d_model: int = field(default=256, check=ge(1), help="width of the transformer")
    heads: int = field(default=4, check=ge(1), help="attention heads; must divide d_model")
    layers: int = field(default=4, check=_layers, help="transformer layers")
    dropout: float = field(default=0.1, check=and_(ge(0.0), lt(1.0)), help="dropout within each layer")

    def __attrs_post_init__(self) -> None:
        _heads_divide(self.d_model, self.heads)


def _heads_divide(width: int, heads: int) -> None:
    if width % heads:
        fix = width - width % heads or heads
        raise ValueError(
            f"d_model = {width} cannot be shared out to heads = {heads}; set d_model = {fix}, or another multiple"
        )


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The temporal modules bczoo ships."""
    return (NoTemporal, Gru, Lstm, Act, Transformer)
