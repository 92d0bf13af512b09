"""Every question bczoo asks its plugins. This file is the extension manual.

A plugin is a module (or object) named by an entry point of the group `bczoo`; it answers a hook by
defining a function of that name, marked with `@hookimpl`. Arguments may be left out when unused.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from bczoo.checks import Check
    from bczoo.engine.run import Run

hookspec = pluggy.HookspecMarker("bczoo")
hookimpl = pluggy.HookimplMarker("bczoo")


@hookspec
def bczoo_components() -> Iterable[type]:  # type: ignore[empty-body]
    """Return the option classes (declared with `@component`) that this plugin adds to the zoo.

    Called once, when the zoo is first looked at. It must not import torch.
    """


@hookspec
def bczoo_checks() -> Iterable["Check"]:  # type: ignore[empty-body]
    """Return what `bczoo doctor` should try for this plugin: libraries it needs, devices it talks to.

    Called when the doctor is; each check runs on its own, and one that raises is reported, not fatal.
    """


@hookspec
def bczoo_fit_start(run: "Run") -> None:
    """Called once, after policy, data and optimiser are ready and before the first step."""


@hookspec
def bczoo_step_end(run: "Run") -> None:
    """Called after each optimiser step; `run.step` counts them from 1.

    `run.loss` is a tensor on the device: reading its value makes the host wait for the device.
    """


@hookspec
def bczoo_epoch_end(run: "Run", metrics: dict[str, Any]) -> None:
    """Called after each epoch with its metrics; set `run.stop = "reason"` to end training."""


@hookspec
def bczoo_checkpoint(run: "Run", path: str) -> None:
    """Called after a policy file has been written and synced to disk."""


@hookspec
def bczoo_fit_end(run: "Run") -> None:
    """Called once after the last step, also when training was cut short by an error."""


@hookspec
def bczoo_eval_end(run: "Run", report: dict[str, Any]) -> None:
    """Called with the evaluation's report after the trained policy has been evaluated."""
