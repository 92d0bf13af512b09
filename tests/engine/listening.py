"""Observers for tests: what happens at one moment of a run. See `overheard` and `crash` in conftest.py."""

from types import SimpleNamespace

from bczoo.hooks import hookimpl


class PowerCut(BaseException):
    """Ends a run as a power cut would; nobody bears it."""


def at(step, do, hook="bczoo_step_end"):
    """An observer that does something when it hears a hook at that step."""

    def heard(run):
        if run.step == step:
            do(run)

    return SimpleNamespace(**{hook: hookimpl(heard)})


def die(*_):
    """The power cut."""
    raise PowerCut
