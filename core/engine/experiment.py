"""From a spec to a judged policy: the whole walk, for Python and the command line alike."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import torch
from accelerate import Accelerator

from bczoo.card import build, card_of
from bczoo.engine import normalize
from bczoo.engine.assembly import observe, probe
from bczoo.engine.checkpoint import load_policy
from bczoo.engine.console import TrainingProgress, log
from bczoo.engine.demonstrate import find_demos
from bczoo.engine.demos import Demos
from bczoo.engine.device import pick_device, pick_precision
from bczoo.engine.during import During, sum_up
from bczoo.engine.env import describe_env, simulators
from bczoo.engine.evaluate import Report
from bczoo.engine.home import started_in
from bczoo.engine.journal import Journal, forget_later
from bczoo.engine.judge import judge, leave_unjudged
from bczoo.engine.keeper import BEST
from bczoo.engine.lock import locked
from bczoo.engine.observers import Observers
from bczoo.engine.order import plan_steps, steps_per_epoch
from bczoo.engine.origins import load_run_spec, origins
from bczoo.engine.pairs import check_pair
from bczoo.engine.policy import Policy
from bczoo.engine.resume import finished_epochs, restore, warn_of_changes
from bczoo.engine.run import Run, make_folder, run_folder
from bczoo.engine.setup import move, new_accelerator, new_trainer, seeded_policy
from bczoo.engine.shift import read_shifts
from bczoo.engine.sources import cache_features, new_windows, warn_of_idle
from bczoo.engine.states import States
from bczoo.engine.team import Team
from bczoo.engine.train import Trainer
from bczoo.errors import BczooError, InputError
from bczoo.files import write_json, write_text
from bczoo.shapes import Action, Obs
from bczoo.spec import Spec
from bczoo.specfile import as_spec, dump_spec


@attrs.frozen(kw_only=True)
class Result:
    """Where a run lives and how its best policy did.

    `report` is None where the spec asks for no evaluation (eval.episodes = 0), and on all but the main process;
    `during` is None where there were no rollouts during training (train.evaluate_every = 0).
    """

    folder: Path
    report: Report | None
    during: During | None = None


def train(
    spec: Spec | str | Path, *, run: str | None = None, overrides: Iterable[str] = (), show: bool = True
) -> Result:
    """Train what a spec describes, evaluate the best checkpoint, and leave everything in runs/NAME.

    `spec` may be a Spec, a path or the name of a recipe; `overrides`, of the latter two, as for load_spec; `run` names
    the run's folder; `show` turns progress bars on. Demonstrations that are not there are collected first.
    Raises BczooError, before anything is started, for whatever can be known to be wrong.
    """
    spec = as_spec(spec, overrides)
    refuse_impossible(spec)  # before demonstrations are collected for it
    return train_in(spec, run_folder(spec, run), show=show)


def refuse_impossible(spec: Spec) -> None:
    """Raise BczooError for a spec whose parts do not fit each other or the env."""
    check_pair(spec.policy.head, spec.loss)
    spaces = describe_env(spec.env)
    read_shifts(spec.env, spec.eval.shift)
    probe(spec.policy, observe(spec.policy, spaces), spaces.action)


def train_in(spec: Spec, folder: Path, *, show: bool = True) -> Result:
    """The same in a `folder` that is not there yet, wherever it is to be."""
    accelerator = new_accelerator(pick_device(spec.train.device))
    team = Team()
    folder = team.first(lambda: folder)  # its name may be a time, which is another in each process
    demos = _found_together(spec, accelerator, team, show)
    running, trainer = prepare(spec, folder, demos, accelerator, show, team)
    if team.rank == 0:
        make_folder(folder)
        write_json(folder / "versions.json", _versions(spec) | running.facts | {"plugins": origins(running.spec)})
        # The last of both: what has one is a run, and can be resumed.
        write_text(folder / "spec.toml", dump_spec(running.spec))
    with locked(folder, team):
        return _finish(running, trainer, show)


def resume(folder: str | Path, *, show: bool = True) -> Result:
    """Go on with a run that was interrupted or killed, from its last state; the result is what it would have been.

    A run whose training is over is only evaluated, if it has not been. Raises BczooError when there is no run,
    when another process is training it, or when its demonstrations are no longer the same.
    """
    folder = Path(folder)
    spec = load_run_spec(_spec_of(folder))
    accelerator = new_accelerator(pick_device(spec.train.device))
    team = Team()
    with locked(folder, team):
        _spec_of(folder)  # again: who had the lock may have finished the run
        demos = _found_together(spec, accelerator, team, show, home=started_in(folder))
        state = States(folder, spec.train.keep).latest()
        running, trainer = prepare(spec, folder, demos, accelerator, show, team, state)
        if team.rank == 0:
            forget_later(folder, finished_epochs(state))
            warn_of_changes(folder / "versions.json", _versions(spec))
        return _finish(running, trainer, show)


def _spec_of(folder: Path) -> Path:
    if not (folder / "spec.toml").is_file():
        raise InputError(f"{folder} holds no run to resume (no spec.toml); give its folder, e.g. runs/NAME")
    if (folder / "eval.json").exists():
        raise InputError(f"{folder} is finished: trained, and evaluated as its spec asks; see {folder / 'eval.json'}")
    return folder / "spec.toml"


def _found_together(spec: Spec, accelerator: Accelerator, team: Team, show: bool, home: Path = Path()) -> Demos:
    with accelerator.main_process_first():
        return find_demos(spec, show and team.rank == 0, home)


def _finish(running: Run, trainer: Trainer, show: bool) -> Result:
    """Train, and let the first process judge; the others have nothing left to do."""
    trainer.fit()
    if running.stop:
        log.info(f"training ended early: {running.stop}")
    report = None
    during = sum_up(running.successes, running.spec.train) if running.successes else None
    if trainer.team.rank == 0:
        with trainer.clock.on_host("evaluation"):
            report = _judge(running, during, show)
        trainer.keeper.states.clear()
        log.info(f"time: {', '.join(f'{name} {share:.0%}' for name, share in trainer.clock.shares().items())}")
    for lost in running.observers.lost:
        log.warning(f"not heard to the end: {lost}")
    return Result(folder=running.folder, report=report, during=during)


def prepare(
    spec: Spec,
    folder: Path,
    demos: Demos,
    accelerator: Accelerator,
    show: bool,
    team: Team | None = None,
    state: dict[str, Any] | None = None,
) -> tuple[Run, Trainer]:
    """Everything up to the first step: policy, statistics, windows, observers; nothing is written yet.

    With a `state`, that of a run which goes on, everything is as it was when the state was saved.
    """
    team = team or Team()
    device, main = accelerator.device, team.rank == 0
    obs, action = _matched(spec, demos)
    windows = new_windows(demos, spec, obs, device)
    policy = seeded_policy(spec, obs, action)
    if state is None:
        with accelerator.main_process_first():  # the others find what it has downloaded
            spec = _with_weights(spec, policy)
    wants_statistics = spec.policy.normalize_state and obs.state > 0
    training, _ = demos.split(spec.train.validation, spec.seed)
    normalize.fit(policy.normalizer, demos.statistics(training)["state"] if wants_statistics else None)
    precision = pick_precision(spec.train.precision, device)
    facts = {
        "device": str(device),
        "precision": precision,
        "processes": team.size,
        "weights": policy.backbone.used_weights,
        "demos": str(demos.folder),
        "parameters": sum(parameter.numel() for parameter in policy.parameters()),
    }
    log.info(
        f"training {facts['parameters']:,} parameters on {len(windows[0]):,} windows of "
        f"{len(training)} demonstrations ({demos.episodes - len(training)} held back), {device}, {precision}"
    )
    callbacks = [build(options) for options in spec.callbacks]
    running = Run(
        spec=spec,
        folder=folder,
        policy=policy,
        observers=_observers(spec, callbacks, show and main, main),
        callbacks=callbacks,
        total_steps=plan_steps(
            spec.train.epochs, spec.train.steps, steps_per_epoch(len(windows[0]), spec.train.batch_size)
        ),
        facts=facts,
    )
    move(policy, spec, device, precision)
    if spec.data.cache_features:
        if state is not None:
            policy.load_state_dict(state["model"])
        cache_features(policy, windows, spec, device)
    trainer = new_trainer(running, accelerator, team, windows, precision)
    warn_of_idle(trainer.stepper.augmentations, spec.data, windows[0])
    if state is not None:
        restore(trainer, state)
        log.info(f"going on after step {running.step} of {running.total_steps}")
    return running, trainer


def _observers(spec: Spec, callbacks: list[Any], bar: bool, journal: bool) -> Observers:
    """Everyone who listens to a run; only its main process writes a journal, and where people look on shows a bar."""
    observers = Observers(strict=spec.train.strict)
    observers.add_installed()
    observers.add_callbacks(spec.callbacks, callbacks)
    if bar:
        observers.add(TrainingProgress(), "the progress bar")
    if journal:
        observers.add(Journal(), "the journal")
    return observers


def _with_weights(spec: Spec, policy: Policy) -> Spec:
    """Load pretrained weights; the spec with what was really used in the place of "auto"."""
    backbone = policy.backbone.load_pretrained(spec.policy.backbone)
    policy.spec = attrs.evolve(spec.policy, backbone=backbone)
    return attrs.evolve(spec, policy=policy.spec)


def _matched(spec: Spec, demos: Demos) -> tuple[Obs, Action]:
    """What the policy observes and does, after checking that env and demonstrations agree on it."""
    spaces = describe_env(spec.env)
    meta = demos.meta
    shown = {name: tuple(shape) for name, shape in meta.cameras.items()}
    env = card_of(spec.env).name
    for name, shape in spaces.images.items():
        if shown.get(name) != shape:
            raise BczooError(
                f"{demos.folder}: camera {name!r} is {shown.get(name, 'missing')} there, but {shape} in env {env!r}; "
                "make the env's options those of the demonstrations, or collect new ones"
            )
    if (meta.state, meta.action.size) != (spaces.state, spaces.action.size):
        raise BczooError(
            f"{demos.folder}: state and action sizes are {meta.state} and {meta.action.size} there, but "
            f"{spaces.state} and {spaces.action.size} in env {env!r}"
        )
    theirs, ours = ([list(action.low), list(action.high)] for action in (meta.action, spaces.action))
    if theirs != ours:
        raise BczooError(
            f"{demos.folder}: actions lie between {theirs[0]} and {theirs[1]} there, but between {ours[0]} and "
            f"{ours[1]} in env {env!r}; make the env's options those of the demonstrations, or collect new ones"
        )
    return observe(spec.policy, spaces), spaces.action


def _judge(run: Run, during: During | None, show: bool) -> Report | None:
    told = {"during_training": during.as_json()} if during else {}
    if not run.spec.eval.episodes:
        leave_unjudged(run.folder, {"weights": run.facts["weights"], **told})
        log.info(f"not evaluated, since eval.episodes = 0; the policy is {run.folder / BEST}")
        return None
    policy = load_policy(run.folder / BEST, str(run.policy.image_scale.device))
    report = judge(policy, run.spec.env, run.spec.eval, run.folder, show, told)
    run.tell("bczoo_eval_end", report=report.as_json())
    return report


def _versions(spec: Spec) -> dict[str, Any]:
    """Versions of bczoo, what it computes with, what brought the spec's parts, and what simulates for the env."""
    names = ("bczoo", "torch", "accelerate", "gymnasium", "mujoco", "numpy", "safetensors", "timm", "torchvision")
    found = {name: version(name) for name in names} | simulators(spec.env)
    brought = (origin.rpartition(" ") for origin in origins(spec).values())
    found |= {name: number for name, _, number in brought if name}
    return {
        "versions": found | {"python": platform.python_version()},
        "threads": torch.get_num_threads(),
        "cpus": os.cpu_count(),
    }
