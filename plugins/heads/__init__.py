"""Heads: cards only."""

from collections.abc import Iterable
from typing import Literal

from attrs.validators import and_, deep_iterable, ge, lt, max_len

from bczoo.card import component, field
from bczoo.hooks import hookimpl


@component("head", "mlp", "bczoo.plugins.heads.mlp_net:Mlp")
class Mlp:
    """Fully connected layers with dropout, one action per context vector."""

    hidden: tuple[int, ...] = field(
        default=(512, 512), check=and_(max_len(100), deep_iterable(ge(1))), help="widths of hidden layers"
    )
    dropout: float = field(default=0.3, check=and_(ge(0.0), lt(1.0)), help="dropout after each hidden layer")
    activation: Literal["relu", "gelu", "silu"] = field(default="relu", help="after each hidden layer")


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The heads bczoo ships."""
    return (Mlp,)
