"""Backbones: cards only."""

from collections.abc import Iterable
from typing import Literal

from bczoo.card import component, field
from bczoo.hooks import hookimpl


@component("backbone", "cnn", "bczoo.plugins.backbones.cnn_net:Cnn")
class Cnn:
    """Four convolutions (8/4, 4/2, 3/1, 3/1; 32-64-64-64 channels), the classic of visuomotor BC."""

    pool: Literal["avg", "spatial_softmax", "flatten"] = field(
        default="avg",
        help="avg forgets where things are; spatial_softmax gives x, y per channel; flatten keeps all",
    )


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The backbones bczoo ships."""
    return (Cnn,)
