"""Optimisers, under torch's own names: cards only."""

from collections.abc import Iterable

from attrs.validators import and_, ge, gt, lt

from bczoo.card import component, field
from bczoo.hooks import hookimpl


@component("optimizer", "Adam", "bczoo.plugins.optimizers.optimizer_net:build")
class Adam:
    """Adam; weight decay is added to the gradient."""

    lr: float = field(default=1e-3, check=gt(0.0), help="learning rate")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@component("optimizer", "AdamW", "bczoo.plugins.optimizers.optimizer_net:build")
class AdamW:
    """Adam with weight decay applied to the weights themselves."""

    lr: float = field(default=1e-3, check=gt(0.0), help="learning rate")
    weight_decay: float = field(default=1e-2, check=ge(0.0), help="decoupled weight decay")


@component("optimizer", "SGD", "bczoo.plugins.optimizers.optimizer_net:build")
class Sgd:
    """Stochastic gradient descent."""

    lr: float = field(default=1e-2, check=gt(0.0), help="learning rate")
    momentum: float = field(default=0.9, check=and_(ge(0.0), lt(1.0)), help="momentum")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The optimisers bczoo ships."""
    return (Adam, AdamW, Sgd)
