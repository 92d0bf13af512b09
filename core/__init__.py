"""bczoo: a plugin-based zoo of behavioural-cloning policies for visuomotor robot control."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bczoo.card import Card, component, field
from bczoo.errors import BczooError, InputError, SpecError
from bczoo.hooks import hookimpl

if TYPE_CHECKING:
    from bczoo.engine.checkpoint import load_policy
    from bczoo.engine.experiment import train
    from bczoo.spec import Spec
    from bczoo.specfile import load_spec

__all__ = [
    "BczooError",
    "Card",
    "InputError",
    "Spec",
    "SpecError",
    "component",
    "field",
    "hookimpl",
    "load_policy",
    "load_spec",
    "train",
]

# Public names that need torch or cattrs, imported when first used.
_LAZY = {
    "Spec": "bczoo.spec",
    "load_policy": "bczoo.engine.checkpoint",
    "load_spec": "bczoo.specfile",
    "train": "bczoo.engine.experiment",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'bczoo' has no attribute {name!r}")
