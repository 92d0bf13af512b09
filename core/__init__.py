"""bczoo: a plugin-based zoo of behavioural-cloning policies for visuomotor robot control."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bczoo.api import API_VERSION
    from bczoo.card import Card, component, field
    from bczoo.commands import Command
    from bczoo.engine.check_spec import check
    from bczoo.engine.checkpoint import load_policy
    from bczoo.engine.compare import compare
    from bczoo.engine.demonstrate import collect_for as collect
    from bczoo.engine.experiment import resume, train
    from bczoo.engine.judge import evaluate_file as evaluate
    from bczoo.engine.own_demos import write_demos
    from bczoo.engine.replay import replay
    from bczoo.engine.report.build import report
    from bczoo.engine.sweep import resume_sweep, sweep
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
    "check",
    "collect",
    "compare",
    "component",
    "evaluate",
    "field",
    "hookimpl",
    "load_policy",
    "load_spec",
    "replay",
    "report",
    "resume",
    "resume_sweep",
    "sweep",
    "train",
    "write_demos",
]

# Where public names are, "module" or "module:other name": imported when first used, so that no command waits for what
# it does not need.
_HOMES = {
    "API_VERSION": "bczoo.api",
    "BczooError": "bczoo.errors",
    "Card": "bczoo.card",
    "Command": "bczoo.commands",
    "InputError": "bczoo.errors",
    "Spec": "bczoo.spec",
    "SpecError": "bczoo.errors",
    "check": "bczoo.engine.check_spec",
    "collect": "bczoo.engine.demonstrate:collect_for",
    "compare": "bczoo.engine.compare",
    "component": "bczoo.card",
    "evaluate": "bczoo.engine.judge:evaluate_file",
    "field": "bczoo.card",
    "hookimpl": "bczoo.hooks",
    "load_policy": "bczoo.engine.checkpoint",
    "load_spec": "bczoo.specfile",
    "replay": "bczoo.engine.replay",
    "report": "bczoo.engine.report.build",
    "resume": "bczoo.engine.experiment",
    "resume_sweep": "bczoo.engine.sweep",
    "sweep": "bczoo.engine.sweep",
    "train": "bczoo.engine.experiment",
    "write_demos": "bczoo.engine.own_demos",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        module, _, other = _HOMES[name].partition(":")
        return getattr(import_module(module), other or name)
    raise AttributeError(f"module 'bczoo' has no attribute {name!r}")
