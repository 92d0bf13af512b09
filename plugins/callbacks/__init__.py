"""Callbacks, observers of the training loop: cards only."""

from collections.abc import Iterable

from attrs.validators import ge

from bczoo.card import component, field
from bczoo.hooks import hookimpl


@component("callback", "early_stop", "bczoo.plugins.callbacks.early_stop:EarlyStop")
class EarlyStop:
    """Ends training when the validation loss has not improved for some epochs."""

    patience: int = field(default=5, check=ge(1), help="epochs without improvement that are borne")
    min_delta: float = field(default=0.0, check=ge(0.0), help="absolute improvement that counts")


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The callbacks bczoo ships."""
    return (EarlyStop,)
