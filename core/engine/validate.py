"""What is measured at an epoch's end: the loss on held-back episodes and, now and then, success in rollouts."""

from typing import TYPE_CHECKING, Any

import attrs
import torch

from bczoo.engine.chance import chance_state, restore_chance
from bczoo.engine.evaluate import evaluate
from bczoo.engine.keeper import snapshot
from bczoo.engine.loader import Loader
from bczoo.engine.policy import Policy

if TYPE_CHECKING:
    from bczoo.engine.train import Trainer


def validate(trainer: "Trainer", train_loss: float) -> dict[str, float]:
    """Validation loss (the training loss when nothing is held back) and perhaps success rate; notes the policy.

    Between the hooks bczoo_validate_start and _end, so that all of it is about the weights that a callback wants.
    """
    run, clock = trainer.run, trainer.clock
    run.tell("bczoo_validate_start")
    try:
        with clock.on_host("validation"):
            metrics = {"val_loss": _loss(trainer) if len(trainer.val_windows) else train_loss}
            tensors = snapshot(run)
        every = run.spec.train.evaluate_every
        if every and run.epoch % every == 0:
            with clock.on_host("rollouts"):
                metrics["success_rate"] = trainer.team.first(lambda: _success(trainer, tensors))
        trainer.keeper.note(tensors, {"epoch": run.epoch, "step": run.step, "train_loss": train_loss} | metrics)
    finally:
        run.tell("bczoo_validate_end")
    return metrics


@torch.no_grad()  # not inference mode: what spread weights are gathered into is used in training too
def _loss(trainer: "Trainer") -> float:
    """Mean over the validation windows, without dropout and augmentation."""
    run, team, windows = trainer.run, trainer.team, trainer.val_windows
    objective = trainer.stepper.objective.eval()
    index = torch.arange(len(windows))
    # Spread weights are gathered for every forward pass, so all processes have to make the same ones.
    mine = index if run.spec.train.shard else index.tensor_split(team.size)[team.rank]
    total = torch.zeros((), device=trainer.device)
    pieces = torch.split(mine, run.spec.train.batch_size)
    with Loader(windows, trainer.device, trainer.clock).batches(piece for piece in pieces if len(piece)) as read:
        for batch in read:
            real = batch.mask_BH.sum()
            total += objective(batch, real, 1.0) * real
    summed, count = team.total(total.item(), float(windows.real(mine)))
    return summed / count


def _success(trainer: "Trainer", tensors: Any) -> float:
    """Share of successes on starts that are neither demonstrated nor used to judge the finished policy."""
    run = trainer.run
    # Neither building, which draws initial weights, nor an env may change what training draws next.
    chance = chance_state()
    policy = Policy(run.spec.policy, run.policy.obs, run.policy.action)
    policy.load_state_dict(tensors)
    settings = attrs.evolve(run.spec.eval, episodes=run.spec.train.evaluate_episodes, videos=0)
    report = evaluate(policy.to(trainer.device), run.spec.env, settings, domain="select")
    restore_chance(chance)
    return report.success_rate
