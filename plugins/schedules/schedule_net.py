"""Learning-rate schedules over torch's own."""

import math
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau

from bczoo.engine.parts import Schedule
from bczoo.plugins import schedules


class _Torch(Schedule):
    """One of torch's own schedules, which know how to save themselves."""

    inner: LRScheduler

    def state_dict(self) -> dict[str, Any]:
        return self.inner.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.inner.load_state_dict(state)


class Plateau(_Torch):
    """ReduceLROnPlateau on the validation loss (seed, learning rate scheduling)."""

    inner: ReduceLROnPlateau

    def __init__(self, options: "schedules.Plateau", optimizer: Optimizer, steps: int) -> None:
        self.inner = ReduceLROnPlateau(
            optimizer, patience=options.patience, threshold=options.threshold, factor=options.factor
        )

    def epoch_end(self, loss: float) -> None:
        self.inner.step(loss)


class Cosine(_Torch):
    """Linear warm-up, then half a cosine down to `final` at the last step."""

    def __init__(self, options: "schedules.Cosine", optimizer: Optimizer, steps: int) -> None:
        warmup = round(options.warmup * steps)

        def factor(step: int) -> float:
            if step < warmup:
                return (step + 1) / warmup
            progress = min(1.0, (step - warmup) / max(1, steps - warmup))
            return options.final + (1.0 - options.final) * 0.5 * (1.0 + math.cos(math.pi * progress))

        self.inner = LambdaLR(optimizer, factor)

    def step_end(self) -> None:
        self.inner.step()


class Constant(Schedule):
    """Leaves the rate alone."""

    def __init__(self, options: Any, optimizer: Optimizer, steps: int) -> None:
        del options, optimizer, steps
