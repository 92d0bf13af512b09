"""Taking a trainer's whole state apart and putting it back, so that a resumed run is the run it was."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from bczoo.engine.chance import chance_state, restore_chance
from bczoo.engine.console import log
from bczoo.engine.whole import optimizer_state_of, put_optimizer_state, put_weights, weights_of
from bczoo.errors import BczooError, brief

if TYPE_CHECKING:
    from bczoo.engine.train import Trainer


def capture(trainer: "Trainer") -> dict[str, Any]:
    """Everything that determines how training goes on, as a tree; called by all processes, used by the first."""
    run, stepper = trainer.run, trainer.stepper
    own = {
        "chance": chance_state(),
        "augmentation": stepper.generator.get_state(),
        "total": trainer.total.cpu(),
        "penalties": {name: value.cpu() for name, value in trainer.penalties.items()},
    }
    return {
        "step": run.step,
        "epoch": run.epoch,
        "samples": run.samples,
        "stop": run.stop,
        "successes": run.successes,
        "within": trainer.within,
        "order": trainer.order.get_state(),
        "best": trainer.keeper.best,
        "weights": run.policy.backbone.used_weights,
        "demos": trainer.train_windows.demos.fingerprint,
        "model": weights_of(stepper.policy),
        "optimizer": optimizer_state_of(stepper.policy, stepper.optimizer),
        "schedule": trainer.schedule.state_dict(),
        "callbacks": [run.observers.state_of(callback, run.step) for callback in run.callbacks],
        "processes": trainer.team.gather(own),
    }


def restore(trainer: "Trainer", state: dict[str, Any]) -> None:
    """Put a captured state back; raises BczooError if the demonstrations are others than they were."""
    run, stepper, team = trainer.run, trainer.stepper, trainer.team
    demos = trainer.train_windows.demos
    if state["demos"] != demos.fingerprint:
        raise BczooError(
            f"{demos.folder} holds other demonstrations than this run began with; restore those to resume it"
        )
    # The optimiser first: torch may make room for its state by a step, which must not touch the weights that count.
    put_optimizer_state(stepper.policy, stepper.optimizer, state["optimizer"])
    _lay_out(stepper.optimizer)
    put_weights(stepper.policy, state["model"])
    trainer.schedule.load_state_dict(state["schedule"])
    run.step, run.epoch, run.samples, run.stop = (state[name] for name in ("step", "epoch", "samples", "stop"))
    run.successes = list(state.get("successes", []))  # states of older versions do not know them
    run.policy.backbone.used_weights = run.facts["weights"] = state["weights"]
    trainer.within, trainer.keeper.best, trainer.keeper.step = state["within"], state["best"], run.step
    trainer.order.set_state(state["order"])
    for callback, kept in zip(run.callbacks, state["callbacks"], strict=True):
        if kept is not None:
            callback.load_state_dict(kept)
    own = state["processes"]
    if len(own) != team.size:
        log.warning(f"the run began with {len(own)} processes and goes on with {team.size}: its numbers will differ")
    mine = own[team.rank % len(own)]
    trainer.total.copy_(mine["total"])
    # States of older versions do not know them.
    trainer.penalties = {name: value.to(trainer.device) for name, value in mine.get("penalties", {}).items()}
    if stepper.generator.get_state().shape == mine["augmentation"].shape:
        stepper.generator.set_state(mine["augmentation"])
    else:
        log.warning("the run goes on on another kind of device: its augmentations will differ")
    restore_chance(mine["chance"])


def _lay_out(optimizer: torch.optim.Optimizer) -> None:
    """Give the optimiser's tensors the memory layout of their weights: fused kernels go through both side by side."""
    for parameter, kept in optimizer.state.items():
        for name, value in kept.items():
            if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                kept[name] = torch.empty_like(parameter, dtype=value.dtype, requires_grad=False).copy_(value)


def finished_epochs(state: dict[str, Any] | None) -> int:
    """How many epochs were over when the state was saved."""
    if state is None:
        return 0
    return int(state["epoch"]) - bool(state["within"])


def warn_of_changes(path: Path, now: dict[str, Any]) -> None:
    """Say where machine and libraries differ from those that the run's versions.json names: so may the bits."""
    try:
        then = json.loads(path.read_text(encoding="utf-8"))
        versions = dict(then["versions"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning(f"{path} cannot be read ({brief(error)}): whether versions have changed is not known")
        return
    changed = [
        f"{name} {versions[name]} -> {value}"
        for name, value in now["versions"].items()
        if name in versions and versions[name] != value
    ]
    changed += [
        f"{name} {then.get(name)} -> {now[name]}" for name in ("threads", "cpus") if then.get(name) != now[name]
    ]
    if changed:
        log.warning(
            f"since the run began, {', '.join(changed)}: its last digits may differ from an uninterrupted run's"
        )
