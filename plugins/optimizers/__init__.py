"""Optimisers, under torch's own names: cards only."""

from collections.abc import Iterable

from attrs.validators import and_, deep_iterable, ge, gt, lt

from bczoo.card import component, field
from bczoo.hooks import hookimpl

_TORCH = "bczoo.plugins.optimizers.optimizer_net:build"
_share = and_(ge(0.0), lt(1.0))


@component("optimizer", "Adam", _TORCH)
class Adam:
    """Adam; weight decay is added to the gradient."""

    lr: float = field(default=1e-3, check=gt(0.0), help="learning rate")
    betas: tuple[float, float] = field(default=(0.9, 0.999), check=deep_iterable(_share), help="decay of the averages")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@component("optimizer", "AdamW", _TORCH)
class AdamW:
    """Adam with weight decay applied to the weights themselves."""

    lr: float = field(default=1e-3, check=gt(0.0), help="learning rate")
    betas: tuple[float, float] = field(default=(0.9, 0.999), check=deep_iterable(_share), help="decay of the averages")
    weight_decay: float = field(default=1e-2, check=ge(0.0), help="decoupled weight decay")


@component("optimizer", "NAdam", _TORCH)
class NAdam:
    """Adam with Nesterov momentum."""

    lr: float = field(default=2e-3, check=gt(0.0), help="learning rate")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@component("optimizer", "RAdam", _TORCH)
class RAdam:
    """Rectified Adam: warms up by itself."""

    lr: float = field(default=1e-3, check=gt(0.0), help="learning rate")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@component("optimizer", "Adamax", _TORCH)
class Adamax:
    """Adam scaled by the largest gradient instead of the mean square."""

    lr: float = field(default=2e-3, check=gt(0.0), help="learning rate")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@component("optimizer", "Adafactor", _TORCH)
class Adafactor:
    """Keeps row and column averages only: little memory for large models."""

    lr: float = field(default=1e-2, check=gt(0.0), help="learning rate")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="decoupled weight decay")


@component("optimizer", "RMSprop", _TORCH)
class RmsProp:
    """Scales by the root mean square of recent gradients."""

    lr: float = field(default=1e-3, check=gt(0.0), help="learning rate")
    momentum: float = field(default=0.0, check=_share, help="momentum")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@component("optimizer", "Adagrad", _TORCH)
class Adagrad:
    """Scales by all gradients so far."""

    lr: float = field(default=1e-2, check=gt(0.0), help="learning rate")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@component("optimizer", "Adadelta", _TORCH)
class Adadelta:
    """Scales by recent gradients and recent updates."""

    lr: float = field(default=1.0, check=gt(0.0), help="learning rate")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@component("optimizer", "SGD", _TORCH)
class Sgd:
    """Stochastic gradient descent."""

    lr: float = field(default=1e-2, check=gt(0.0), help="learning rate")
    momentum: float = field(default=0.9, check=_share, help="momentum")
    nesterov: bool = field(default=False, help="look ahead along the momentum")
    weight_decay: float = field(default=0.0, check=ge(0.0), help="L2 penalty")


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The optimisers bczoo ships: those of torch that step without a closure and take any parameter."""
    return (Adam, AdamW, NAdam, RAdam, Adamax, Adafactor, RmsProp, Adagrad, Adadelta, Sgd)
