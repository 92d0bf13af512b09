"""bczoo: a plugin-based zoo of behavioural-cloning policies for visuomotor robot control."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bczoo.api import API_VERSION
    from bczoo.card import Card, component, field
    from bczoo.commands import Command
    from bczoo.engine.checkpoint import load_policy
    from bczoo.engine.experiment import train
    from bczoo.errors import BczooError, InputError, SpecError
    from bczoo.hooks import hookimpl
    from bczoo.spec import Spec
    from bczoo.specfile import load_spec

__all__ = [
    "API_VERSION",
    "BczooError",
    "Card",
    "Command",
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

# Where public names are: imported when first used, so that no command waits for what it does not need.
_HOMES = {
    "API_VERSION": "bczoo.api",
    "BczooError": "bczoo.errors",
    "Card": "bczoo.card",
    "Command": "bczoo.commands",
    "InputError": "bczoo.errors",
    "Spec": "bczoo.spec",
    "SpecError": "bczoo.errors",
    "component": "bczoo.card",
    "field": "bczoo.card",
    "hookimpl": "bczoo.hooks",
    "load_policy": "bczoo.engine.checkpoint",
    "load_spec": "bczoo.specfile",
    "train": "bczoo.engine.experiment",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'bczoo' has no attribute {name!r}")
