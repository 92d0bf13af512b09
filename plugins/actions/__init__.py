"""Action forms: cards only."""

from collections.abc import Iterable

from bczoo.card import component
from bczoo.hooks import hookimpl


@component("action", "cartesian", "bczoo.plugins.actions.cartesian_net:Cartesian")
class Cartesian:
    """The action's own components, through tanh into [-1, 1]; any size."""


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The action forms bczoo ships."""
    return (Cartesian,)
