"""Every question bczoo asks its plugins. This file is the extension manual.

A plugin is a module (or object) named by an entry point of the group `bczoo`; it says `BCZOO_API = "1.0"`, the API
it is written for, and answers a hook by defining a function of that name, marked with `@hookimpl`. Arguments may be
left out when unused.

Hooks with a `run` are heard by installed plugins and by the callbacks of the spec, which are objects with such methods.
They observe: one that raises is reported with its name, and not heard again in that run. Training ends
instead where the spec says `train.strict = true`, where the callback's class says `essential = True` because training
without it would not be what the spec asks for, and when a callback of the spec raises in `bczoo_fit_start`.

A callback that keeps something from step to step offers `state_dict()` and `load_state_dict(state)`, as torch's
own objects do. The state, of tensors, numbers, strings, lists and dicts, is saved with the run and given
back before `bczoo_fit_start` when the run is resumed.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from bczoo.checks import Check
    from bczoo.commands import Command
    from bczoo.engine.run import Run

hookspec = pluggy.HookspecMarker("bczoo")
hookimpl = pluggy.HookimplMarker("bczoo")


@hookspec
def bczoo_components() -> Iterable[type]:  # type: ignore[empty-body]
    """Return the option classes (declared with `@component`) that this plugin adds to the zoo.

    Called once, when the zoo is first looked at. It must not import torch.
    """


@hookspec
def bczoo_commands() -> Iterable["Command"]:  # type: ignore[empty-body]
    """Return the commands that this plugin adds to the command line.

    Called when the zoo is first looked at, and by `bczoo --help`. The click commands themselves are imported
    when they are called. A name that is taken is refused, and the plugin with it.
    """


@hookspec
def bczoo_checks() -> Iterable["Check"]:  # type: ignore[empty-body]
    """Return what `bczoo doctor` should try for this plugin: libraries it needs, devices it talks to.

    Called when the doctor is; each check runs on its own, and one that raises is reported, not fatal.
    """


@hookspec(firstresult=True)
def bczoo_optimizer(run: "Run", groups: list[dict[str, Any]]) -> "Optimizer | None":
    """Return the optimiser to train with, or None to leave the choice to the spec's `train.optimizer`.

    `groups` are the parameters that learn, as torch's optimisers take them; they may be divided further. The
    first answer counts, callbacks of the spec before installed plugins. An optimiser whose state torch can save by the
    names of parameters is resumed like any other.
    """


@hookspec
def bczoo_fit_start(run: "Run") -> None:
    """Called once, after policy, data and optimiser are ready and before the first step.

    A resumed run has taken up its state by then: `run.step` is the number of steps already done.
    """


@hookspec
def bczoo_step_end(run: "Run") -> None:
    """Called after each optimiser step; `run.step` counts them from 1.

    `run.loss` is a tensor on the device: reading its value makes the host wait for the device.
    """


@hookspec
def bczoo_log(run: "Run", metrics: dict[str, float]) -> None:
    """Called every `train.log_every` steps with what was measured since: loss, grad_norm, lr, samples_per_s.

    These are plain numbers: the host has already waited for the device.
    """


@hookspec
def bczoo_validate_start(run: "Run") -> None:
    """Called before the policy is validated, judged and written to a policy file.

    A callback may put other weights into `run.policy` here (EMA does), and must take them out again in
    `bczoo_validate_end`. The training state for `--resume` is never written in between.
    """


@hookspec
def bczoo_validate_end(run: "Run") -> None:
    """Called when validating and writing is over, also when it failed."""


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
