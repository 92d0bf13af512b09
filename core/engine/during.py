"""What the rollouts during training say together, beside the one evaluation of the policy that was kept."""

from collections.abc import Sequence
from typing import Any

import attrs

from bczoo.spec import Train


@attrs.frozen(kw_only=True)
class During:
    """Success of a run's policies, epoch by epoch, on `episodes` starts that are not those of the evaluation.

    `success_max` is that of the best of all `rollouts`, which is partly luck; `success_mean_last` the mean of the
    `last` latest, as published results often have it (Chi et al., Diffusion Policy, 2023, report both, of ten).
    """

    success_max: float
    success_mean_last: float
    last: int
    rollouts: int
    episodes: int

    def as_metrics(self) -> dict[str, float]:
        """The two figures of success."""
        return {"success_max": self.success_max, "success_mean_last": self.success_mean_last}

    def as_json(self) -> dict[str, Any]:
        """As eval.json has it."""
        return attrs.asdict(self)


def sum_up(rates: Sequence[float], settings: Train) -> During:
    """What success rates, at least one and in the order of the epochs, come to."""
    last = rates[-settings.evaluate_last :]
    return During(
        success_max=max(rates),
        success_mean_last=sum(last) / len(last),
        last=len(last),
        rollouts=len(rates),
        episodes=settings.evaluate_episodes,
    )
