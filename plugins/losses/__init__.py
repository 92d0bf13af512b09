"""Losses: cards only."""

from collections.abc import Iterable

from attrs.validators import ge, gt

from bczoo.card import component, field
from bczoo.hooks import hookimpl

_WEIGHT = "w in the weight 1 + w*|expert action|; 0: all actions count alike"


@component("loss", "huber", "bczoo.plugins.losses.regression_net:Huber")
class Huber:
    """Smooth L1: squared near zero, absolute beyond; forgiving of outliers."""

    beta: float = field(default=1.0, check=gt(0.0), help="residual at which squared becomes absolute")
    magnitude_weight: float = field(default=0.0, check=ge(0.0), help=_WEIGHT)


@component("loss", "l1", "bczoo.plugins.losses.regression_net:L1")
class L1:
    """Absolute error."""

    magnitude_weight: float = field(default=0.0, check=ge(0.0), help=_WEIGHT)


@component("loss", "mse", "bczoo.plugins.losses.regression_net:Mse")
class Mse:
    """Squared error."""

    magnitude_weight: float = field(default=0.0, check=ge(0.0), help=_WEIGHT)


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The losses bczoo ships."""
    return (Huber, L1, Mse)
