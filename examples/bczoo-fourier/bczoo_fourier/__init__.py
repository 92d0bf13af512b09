"""Fourier features for bczoo: cards only, so that `bczoo list` imports no torch."""

from attrs.validators import and_, ge, gt, le
from bczoo import component, field, hookimpl

BCZOO_API = "1.0"


@component("backbone", "fourier", "bczoo_fourier.fourier_net:FourierNet")
class Fourier:
    """A CNN whose channels each point at places, read as Fourier features."""

    frequencies: int = field(
        default=8, check=and_(ge(1), le(1024)), help="waves over the image; each gives a sine and a cosine"
    )
    scale: float = field(
        default=2.0,
        check=gt(0.0),
        help="standard deviation of the frequencies, in waves per image side; larger ones tell closer places apart",
    )
    width: int = field(
        default=64,
        check=and_(ge(1), le(4096)),
        help="channels of the CNN; a camera's token has 2 * frequencies * width numbers (D)",
    )


@component("callback", "weight_norm", "bczoo_fourier.weight_norm:WeightNorm")
class WeightNorm:
    """Writes the size of each part's weights, and its growth, to weight_norm.jsonl."""


@hookimpl
def bczoo_components() -> tuple[type, ...]:
    """The parts that this package adds to the zoo."""
    return Fourier, WeightNorm
