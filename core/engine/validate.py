"""What is measured at an epoch's end: the loss on held-back episodes and, now and then, success in rollouts."""

from typing import TYPE_CHECKING, Any

import attrs
import torch
from torch import Tensor

from bczoo.engine.chance import chance_state, restore_chance
from bczoo.engine.divergence import refuse_overflow
from bczoo.engine.during import sum_up
from bczoo.engine.evaluate import evaluate
from bczoo.engine.keeper import snapshot
from bczoo.engine.loader import Loader
from bczoo.engine.policy import Policy
from bczoo.engine.step import add_up

if TYPE_CHECKING:
    from bczoo.engine.train import Trainer


def validate(trainer: "Trainer", train_loss: float) -> dict[str, float]:
    """Validation loss (the training loss when nothing is held back) and perhaps success rate; notes the policy.

    Between the hooks bczoo_validate_start and _end, so that all of it is about the weights that a callback wants.
    Raises BczooError if those or the loss are not finite: such a policy is never written.
    """
    run, clock = trainer.run, trainer.clock
    try:
        run.tell("bczoo_validate_start")
        with clock.on_host("validation"):
            metrics = _losses(trainer) if len(trainer.val_windows) else {"val_loss": train_loss}
            refuse_overflow(trainer, metrics["val_loss"])
            tensors = snapshot(run)
        every = run.spec.train.evaluate_every
        if every and run.epoch % every == 0:
            with clock.on_host("rollouts"):
                metrics["success_rate"] = trainer.team.first(lambda: _success(trainer, tensors))
            run.successes.append(metrics["success_rate"])
            metrics |= sum_up(run.successes, run.spec.train).as_metrics()
        trainer.keeper.note(tensors, {"epoch": run.epoch, "step": run.step, "train_loss": train_loss} | metrics)
    finally:
        run.tell("bczoo_validate_end")
    return metrics


@torch.no_grad()  # not inference mode: what spread weights are gathered into is used in training too
def _losses(trainer: "Trainer") -> dict[str, float]:
    """Mean over the validation windows, without dropout and augmentation, and what each penalty adds to it."""
    run, team, windows = trainer.run, trainer.team, trainer.val_windows
    objective = trainer.stepper.objective.eval()
    index = torch.arange(len(windows))
    # Spread weights are gathered for every forward pass, so all processes have to make the same ones.
    mine = index if run.spec.train.shard else index.tensor_split(team.size)[team.rank]
    total = torch.zeros((), device=trainer.device)
    penalties: dict[str, Tensor] = {}
    pieces = torch.split(mine, run.spec.train.batch_size)
    with Loader(windows, trainer.device, trainer.clock).batches(piece for piece in pieces if len(piece)) as read:
        for batch in read:
            real = batch.mask_BH.sum()
            loss, added = objective(batch, real, 1.0)
            total += loss * real
            add_up(penalties, {name: value * real for name, value in added.items()})
    summed, count = team.total(total.item(), float(windows.real(mine)))
    means = team.means({name: value.item() for name, value in penalties.items()})
    return {"val_loss": summed / count} | {
        f"val_penalty_{name}": mean * team.size / count for name, mean in means.items()
    }


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
