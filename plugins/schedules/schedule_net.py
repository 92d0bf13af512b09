"""Learning-rate schedules over torch's own."""

import math
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from bczoo.engine.parts import Schedule
from bczoo.plugins import schedules


class Plateau(Schedule):
    """ReduceLROnPlateau on the validation loss (seed, learning rate scheduling)."""

    def __init__(self, options: "schedules.Plateau", optimizer: Optimizer, steps: int) -> None:
        self.inner = ReduceLROnPlateau(
            optimizer, patience=options.patience, threshold=options.threshold, factor=options.factor
        )

    def epoch_end(self, loss: float) -> None:
        self.inner.step(loss)


class Cosine(Schedule):
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
