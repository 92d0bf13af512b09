"""Every question bczoo asks its plugins. This file is the extension manual.

A plugin is a module (or object) named by an entry point of the group `bczoo`; it says `BCZOO_API = "1.0"`, the API
it is written for, and answers a hook by defining a function of that name, marked with `@hookimpl`. Arguments may be
left out when unused.

Hooks with a `run` (`bczoo.engine.run.Run`) are heard by installed plugins and by the callbacks of the spec, which are
objects with such methods. Of several processes each tells its own; one that writes files does so in the first alone
(environment variable RANK).
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

    `run.loss` is a tensor on the device: reading its value makes the host wait for the device. Of several processes
    each has its own, and their mean is the loss of the batch.
    """


@hookspec
def bczoo_log(run: "Run", metrics: dict[str, float]) -> None:
    """Called every `train.log_every` steps with plain numbers, for which the host has waited already.

    Of this step and over all processes: `loss`, `lr` and, with train.clip, `grad_norm` before it was clipped;
    `penalty_NAME` is what the penalty of that name has added to the loss. `samples_per_s` is the speed since the
    last call.
    """


@hookspec
def bczoo_validate_start(run: "Run") -> None:
    """Called at each epoch's end, before the policy is validated and a copy is taken of its weights.

    From that copy its rollouts and policy files are made; the files are written later, at most every
    `train.save_minutes`. A callback may put other weights into `run.policy` here (EMA does), and must take them out
    again in `bczoo_validate_end`; its class must say `essential = True`, since without it the run would not be
    what the spec asks for. The training state for `--resume` is never written in between.
    """


@hookspec
def bczoo_validate_end(run: "Run") -> None:
    """Called when validating is over, also when that or `bczoo_validate_start` failed, perhaps before it was heard."""


@hookspec
def bczoo_epoch_end(run: "Run", metrics: dict[str, Any]) -> None:
    """Called after each epoch with its metrics; set `run.stop = "reason"`, in any process, to end training.

    Their keys: `epoch` and `step`; `train_loss`, the mean over its batches; `val_loss`, or the training loss again
    where no episodes are held back; `success_rate`, in epochs with rollouts (train.evaluate_every), with
    `success_max` of all of them so far and `success_mean_last` of the latest (train.evaluate_last);
    `train_penalty_NAME` and `val_penalty_NAME`, what of the losses is the penalty of that name; `lr`, as the epoch
    began; `samples_per_s`; `data_share`, how much of training was spent waiting for data, 0 to 1; `seconds`, with
    validation.
    """


@hookspec
def bczoo_checkpoint(run: "Run", path: str) -> None:
    """Called in the first process alone after a policy file has been written and synced to disk.

    So nothing may be done here that takes all processes. `run.policy` holds the weights that are being trained; the
    file's are those of an epoch's end, and perhaps averages.
    """


@hookspec
def bczoo_fit_end(run: "Run") -> None:
    """Called once after the last step, also when an error or a signal has ended training: `run.failed` says so.

    Also when `bczoo_fit_start` failed, perhaps before it was heard. Unless training has failed, or the spec
    asks for no evaluation (eval.episodes = 0), `bczoo_eval_end` follows in the first process.
    """


@hookspec
def bczoo_eval_end(run: "Run", report: dict[str, Any]) -> None:
    """Called in the first process alone with the evaluation's report, after the best policy has been evaluated.

    Its keys: `success_rate`, `interval` (its 95 % Wilson interval, two numbers), `successes`,
    `episodes`, `success_rule`, `median_steps` (of the successes; None without any), `mean_return`, `env`, `settings`,
    `table`, a row for each start, and `shifted`, such a report for each of eval.shift, which its `shift` names.
    """
