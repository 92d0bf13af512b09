"""Augmentations, changes made to training batches on the device: cards only."""

from collections.abc import Iterable
from typing import Any

from attrs.validators import and_, ge, gt, le, lt

from bczoo.card import component, field
from bczoo.hooks import hookimpl

_FACTOR = "is multiplied by 1 - s to 1 + s; 0: left alone"
_STRENGTH = and_(ge(0.0), le(1.0))


def _deviations(_: Any, attribute: Any, value: tuple[float, ...]) -> None:
    if not any(value) or min(value) < 0:
        raise ValueError(f"must be numbers of at least 0, one of them greater, not {list(value)}")


@component("augmentation", "shift", "bczoo.plugins.augmentations.shift_net:Shift")
class Shift:
    """Moves each camera's image a few pixels to any side and repeats its edge there (DrQ-v2)."""

    pixels: int = field(default=4, check=and_(ge(1), le(4096)), help="greatest shift up, down, left and right")


@component("augmentation", "crop", "bczoo.plugins.augmentations.crop_net:Crop")
class Crop:
    """Cuts a smaller picture of the same proportions out of each camera's image, and resizes it to the full size."""

    scale_min: float = field(
        default=0.8, check=and_(gt(0.0), lt(1.0)), help="smallest share of height and width that is kept"
    )


@component("augmentation", "color_jitter", "bczoo.plugins.augmentations.color_net:ColorJitter")
class ColorJitter:
    """Changes brightness, then contrast, then saturation of each camera's image."""

    brightness: float = field(default=0.3, check=_STRENGTH, help=f"s; every colour {_FACTOR}")
    contrast: float = field(default=0.3, check=_STRENGTH, help=f"s; distance from the image's mean grey {_FACTOR}")
    saturation: float = field(default=0.3, check=_STRENGTH, help=f"s; distance from the pixel's own grey {_FACTOR}")

    def __attrs_post_init__(self) -> None:
        if not (self.brightness or self.contrast or self.saturation):
            raise ValueError("brightness, contrast and saturation of 0 change nothing; leave color_jitter out")


@component("augmentation", "state_noise", "bczoo.plugins.augmentations.state_net:StateNoise")
class StateNoise:
    """Adds Gaussian noise to the state, the same to all steps of a window."""

    std: tuple[float, ...] = field(
        default=(0.01,),
        check=_deviations,
        help="in the state's own units, as the env gives them: one for each dimension, or one for all",
    )


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The augmentations bczoo ships."""
    return (Shift, Crop, ColorJitter, StateNoise)
