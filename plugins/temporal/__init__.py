"""Temporal modules: cards only."""

from collections.abc import Iterable

from bczoo.card import component
from bczoo.hooks import hookimpl


@component("temporal", "none", "bczoo.plugins.temporal.none_net:NoTemporal")
class NoTemporal:
    """No memory: the features and states of the observed steps, side by side."""


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The temporal modules bczoo ships."""
    return (NoTemporal,)
