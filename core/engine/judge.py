"""Judging a policy: the evaluation, its report as a file, and its rollouts as a video."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from bczoo.engine.checkpoint import load_with_spec, read_header
from bczoo.engine.console import log, progress
from bczoo.engine.evaluate import Report, evaluate
from bczoo.engine.policy import Policy
from bczoo.engine.run import make_folder
from bczoo.engine.shift import read_shifts
from bczoo.engine.shift_name import Shift
from bczoo.engine.video import NoPictures, write_rollouts
from bczoo.errors import InputError, SpecError
from bczoo.files import write_json
from bczoo.schema import Mistakes, structure, unstructure
from bczoo.spec import Eval

EVALS = Path("evals")


@attrs.frozen(kw_only=True)
class Evaluation:
    """How a policy did, and the folder that holds this as files."""

    folder: Path
    report: Report


def evaluate_file(
    path: str | Path, *, out: str | Path | None = None, device: str = "auto", show: bool = True, **settings: Any
) -> Evaluation:
    """Judge a policy file on held-out starts; eval.json and rollouts.mp4 go to `out`, else to evals/NAME-TIME.

    `path` may be zoo:NAME, a policy that comes with bczoo. The env is that of the policy's spec, and so is how it is
    judged; `settings` are keys of a spec's eval table to change: episodes=20, seed=1, execute=4, ensemble=0.01 or None
    for none, shift=["action_delay=2"], videos=0. `device` is auto, cpu, mps, cuda or cuda:N, and `show` turns the
    progress bar on. Raises BczooError for a file that cannot be used; and InputError, before anything is made, for
    settings that cannot be and a folder that is there.
    """
    policy, spec = load_with_spec(path, device)
    chosen = _changed(spec.eval, settings)
    if not chosen.episodes:
        raise InputError(f"eval.episodes = 0 is no evaluation; say on how many starts to judge {path}: --episodes 100")
    policy.actor(execute=chosen.execute, ensemble=chosen.ensemble)  # refuses what its chunks do not allow
    read_shifts(spec.env, chosen.shift)
    folder = Path(out) if out is not None else EVALS / f"{spec.name}-{datetime.now():%Y%m%d-%H%M%S}"
    # As it was trained: of `spec`, parts that only trained it may be gone.
    judged = {"policy": str(path), "spec": read_header(path)["spec"]}
    make_folder(folder)
    try:
        return Evaluation(folder=folder, report=judge(policy, spec.env, chosen, folder, show, judged))
    finally:
        with suppress(OSError):
            folder.rmdir()  # if nothing has come of it, so that its name is free again


def _changed(settings: Eval, changes: dict[str, Any]) -> Eval:
    try:
        changed: Eval = structure(unstructure(settings) | changes, Eval, ("eval",))
    except Mistakes as error:
        raise SpecError(map(str, error.mistakes)) from error
    return changed


def judge(
    policy: Policy,
    env: Any,
    settings: Eval,
    folder: Path,
    show: bool = True,
    told: Mapping[str, Any] | None = None,
) -> Report:
    """Evaluate a policy, plain and under each shift, and write videos and eval.json into `folder`.

    eval.json is the last: it says that all is there. `told`, what the folder does not say otherwise of the policy, goes
    into it, too. An env that gives no pictures costs the videos, and a warning.
    """
    plain = _rolled_out(policy, env, settings, folder, show)
    shifted = (_rolled_out(policy, env, settings, folder, show, shift) for shift in read_shifts(env, settings.shift))
    report = attrs.evolve(plain, shifted=tuple(shifted))
    write_json(folder / "eval.json", report.as_json() | {"weights": policy.backbone.used_weights, **(told or {})})
    return report


def _rolled_out(
    policy: Policy, env: Any, settings: Eval, folder: Path, show: bool, shift: Shift | None = None
) -> Report:
    if show:
        with progress(f"evaluating under {shift}" if shift else "evaluating") as update:
            report = evaluate(policy, env, settings, on_progress=update, shift=shift)
    else:
        report = evaluate(policy, env, settings, shift=shift)
    if settings.videos:
        name = f"rollouts-{shift}.mp4" if shift else "rollouts.mp4"
        try:
            write_rollouts(folder / name, report, env, settings.videos)
        except NoPictures as error:
            log.warning(f"no {name}: {error}")
    return report


def leave_unjudged(folder: Path, told: Mapping[str, Any]) -> None:
    """Write an eval.json without an evaluation, for a run that asks for none: with it, a run is finished."""
    nothing: dict[str, Any] = {"success_rate": None, "episodes": 0, "table": []}
    write_json(folder / "eval.json", nothing | dict(told))
