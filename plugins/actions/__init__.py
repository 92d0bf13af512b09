"""Action forms: cards only."""

from collections.abc import Iterable
from typing import Literal

from bczoo.card import component, field
from bczoo.hooks import hookimpl


@component("action", "cartesian", "bczoo.plugins.actions.cartesian_net:Cartesian")
class Cartesian:
    """The action's own components, through tanh into [-1, 1]; any size."""


@component("action", "direction", "bczoo.plugins.actions.direction_net:Direction")
class Direction:
    """The first three dimensions as magnitude and unit vector, continuous everywhere; the rest cartesian."""


@component("action", "spherical", "bczoo.plugins.actions.spherical_net:Spherical")
class Spherical:
    """The first three dimensions as magnitude, polar angle and azimuth; the rest cartesian."""

    magnitude: Literal["range", "sigmoid_tanh"] = field(
        default="range",
        help="range: every length there is, [0, sqrt(3)]; sigmoid_tanh: the original formula, only [0.269, 0.731]",
    )
    wrap: bool = field(
        default=True, help="measure azimuths the short way round; false: 2 pi apart on the two sides of the seam"
    )
    # Arc lengths are the default because angles count as if every movement were long otherwise: near zero length
    # and near the poles the expert's azimuth is noise, and plain differences make a policy fit that noise.
    metric: Literal["plain", "arc"] = field(
        default="arc",
        help="arc: angles weigh as the distance they make, like the magnitude; plain: as radians, however short",
    )


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The action forms bczoo ships."""
    return (Cartesian, Direction, Spherical)
