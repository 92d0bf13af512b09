"""Learning-rate schedules: cards only."""

from collections.abc import Iterable

from attrs.validators import and_, ge, gt, le, lt

from bczoo.card import component, field
from bczoo.hooks import hookimpl


@component("schedule", "plateau", "bczoo.plugins.schedules.schedule_net:Plateau")
class Plateau:
    """ReduceLROnPlateau: lowers the rate when the validation loss stops falling."""

    patience: int = field(default=2, check=ge(0), help="epochs without improvement that are borne")
    threshold: float = field(default=0.01, check=ge(0.0), help="relative improvement that counts")
    factor: float = field(default=0.5, check=and_(gt(0.0), lt(1.0)), help="what the rate is multiplied by")


@component("schedule", "cosine", "bczoo.plugins.schedules.schedule_net:Cosine")
class Cosine:
    """Falls along half a cosine over the whole training, after an optional linear warm-up."""

    warmup: float = field(default=0.0, check=and_(ge(0.0), lt(1.0)), help="share of the steps spent warming up")
    final: float = field(default=0.0, check=and_(ge(0.0), le(1.0)), help="share of the rate left at the end")


@component("schedule", "constant", "bczoo.plugins.schedules.schedule_net:Constant")
class Constant:
    """The same rate throughout."""


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The schedules bczoo ships."""
    return (Plateau, Cosine, Constant)
