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

from bczoo.card import card_of
from bczoo.engine import normalize
from bczoo.engine.checkpoint import load_policy
from bczoo.engine.collect import collect
from bczoo.engine.console import TrainingProgress, log, progress
from bczoo.engine.demo_format import META, Request, default_folder
from bczoo.engine.demos import Demos
from bczoo.engine.device import pick_device, pick_precision
from bczoo.engine.env import describe_env
from bczoo.engine.evaluate import Report, evaluate
from bczoo.engine.journal import Journal
from bczoo.engine.pairs import check_pair
from bczoo.engine.policy import Policy, observe
from bczoo.engine.run import Run, make_folder, observers, run_folder
from bczoo.engine.train import Trainer, new_accelerator, new_trainer, plan_steps, seeded_policy, steps_per_epoch
from bczoo.engine.video import write_rollouts
from bczoo.engine.windows import Windows
from bczoo.errors import BczooError
from bczoo.files import write_json, write_text
from bczoo.shapes import Action, Obs
from bczoo.spec import Data, Eval, Spec
from bczoo.specfile import dump_spec, load_spec


@attrs.frozen(kw_only=True)
class Result:
    """Where a run lives and how its best policy did; `report` is None on all but the main process."""

    folder: Path
    report: Report | None


def train(
    spec: Spec | str | Path, *, run: str | None = None, overrides: Iterable[str] = (), show: bool = True
) -> Result:
    """Train what a spec describes, evaluate the best checkpoint, and leave everything in runs/NAME.

    `spec` may be a Spec, a path or the name of a recipe; `overrides` as for load_spec; `run` names the
    run's folder; `show` turns progress bars on. Demonstrations that are not there are collected first.
    Raises BczooError, before anything is started, for whatever can be known to be wrong.
    """
    if not isinstance(spec, Spec):
        spec = load_spec(spec, overrides)
    check_pair(spec.policy.head, spec.loss)
    folder = run_folder(spec, run)
    device = pick_device(spec.train.device)
    accelerator = new_accelerator(device)
    with accelerator.main_process_first():
        demos = find_demos(spec, show and accelerator.is_main_process)
    running, trainer = prepare(spec, folder, demos, accelerator, show)
    if accelerator.is_main_process:
        make_folder(folder)
        write_text(folder / "spec.toml", dump_spec(running.spec))
        write_json(folder / "versions.json", _versions() | running.facts)
    trainer.fit()
    report = _judge(running, show) if accelerator.is_main_process else None
    accelerator.wait_for_everyone()
    return Result(folder=folder, report=report)


def find_demos(spec: Spec, show: bool) -> Demos:
    """The demonstrations a spec names, collected by the env's expert if they are absent."""
    request = request_of(spec.env, spec.data)
    folder = Path(spec.data.path) if spec.data.path else default_folder(request)
    if not (folder / META).exists():
        collect_with_bar(request, folder, show=show)
    return Demos.open(folder)


def request_of(env: Any, data: Data) -> Request:
    """The collection that a spec's env and data table ask for."""
    return Request(
        env=env,
        demos=data.demos,
        noise=data.noise,
        plan=data.plan,
        seed=data.seed,
        keep_failures=data.keep_failures,
    )


def collect_with_bar(request: Request, folder: Path, *, workers: int | None = None, show: bool = True) -> Path:
    """Collect demonstrations, saying so."""
    log.info(f"collecting {request.demos} demonstrations of {request.env_name!r} into {folder}")
    if not show:
        return collect(request, folder, workers=workers)
    with progress("collecting") as update:
        return collect(request, folder, workers=workers, on_progress=update)


def prepare(spec: Spec, folder: Path, demos: Demos, accelerator: Accelerator, show: bool) -> tuple[Run, Trainer]:
    """Everything up to the first step: policy, statistics, windows, observers; nothing is written yet."""
    obs, action = _matched(spec, demos)
    training, validation = demos.split(spec.train.validation, spec.seed)
    windows = tuple(_windows(demos, episodes, obs, spec.policy.horizon) for episodes in (training, validation))
    per_epoch = steps_per_epoch(len(windows[0]), spec.train.batch_size, accelerator.num_processes)
    policy = seeded_policy(spec, obs, action)
    with accelerator.main_process_first():  # the others find what it has downloaded
        spec = _with_weights(spec, policy)
    wants_statistics = spec.policy.normalize_state and obs.state > 0
    normalize.fit(policy.normalizer, demos.statistics(training)["state"] if wants_statistics else None)
    precision = pick_precision(spec.train.precision, accelerator.device)
    facts = {
        "device": str(accelerator.device),
        "precision": precision,
        "processes": accelerator.num_processes,
        "weights": policy.backbone.used_weights,
    }
    log.info(
        f"training {sum(p.numel() for p in policy.parameters()):,} parameters on {len(windows[0]):,} windows of "
        f"{len(training)} demonstrations ({len(validation)} held back), {accelerator.device}, {precision}"
    )
    bars = [TrainingProgress()] if show and accelerator.is_main_process else []
    running = Run(
        spec=spec,
        folder=folder,
        policy=policy,
        manager=observers(spec, [*bars, *([Journal()] if accelerator.is_main_process else [])]),
        total_steps=plan_steps(spec.train.epochs, spec.train.steps, per_epoch),
        facts=facts | {"demos": str(demos.folder)},
    )
    return running, new_trainer(running, accelerator, (windows[0], windows[1]), precision)


def _with_weights(spec: Spec, policy: Policy) -> Spec:
    """Load pretrained weights; the spec with what was really used in the place of "auto"."""
    backbone = policy.backbone.load_pretrained(spec.policy.backbone)
    policy.spec = attrs.evolve(spec.policy, backbone=backbone)
    return attrs.evolve(spec, policy=policy.spec)


def _windows(demos: Demos, episodes: Any, obs: Obs, horizon: int) -> Windows:
    return Windows(demos, episodes, steps=obs.steps, horizon=horizon, cameras=tuple(obs.images), state=obs.state > 0)


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
    return observe(spec.policy, spaces), spaces.action


def _judge(run: Run, show: bool) -> Report:
    policy = load_policy(run.folder / "policy.safetensors", str(run.policy.image_scale.device))
    report = judge(policy, run.spec.env, run.spec.eval, run.folder, show)
    run.tell("bczoo_eval_end", report=report.as_json())
    return report


def judge(policy: Policy, env: Any, settings: Eval, folder: Path, show: bool = True) -> Report:
    """Evaluate a policy and write eval.json and rollouts.mp4 into `folder`."""
    if show:
        with progress("evaluating") as update:
            report = evaluate(policy, env, settings, on_progress=update)
    else:
        report = evaluate(policy, env, settings)
    write_json(folder / "eval.json", report.as_json() | {"weights": policy.backbone.used_weights})
    if settings.videos:
        write_rollouts(folder / "rollouts.mp4", report, env, settings.videos)
    return report


def _versions() -> dict[str, Any]:
    names = ("bczoo", "torch", "accelerate", "gymnasium", "mujoco", "numpy", "safetensors", "timm", "torchvision")
    found = {name: version(name) for name in names}
    return {
        "versions": found | {"python": platform.python_version()},
        "threads": torch.get_num_threads(),
        "cpus": os.cpu_count(),
    }
