"""Noise on the state."""

import attrs
import torch

from bczoo.engine.parts import Augmentation, Batch
from bczoo.errors import BczooError
from bczoo.plugins import augmentations


class StateNoise(Augmentation):
    """Gaussian noise of mean 0 in the state's own units: the policy standardises states only after this.

    All steps of a window are moved alike, so that the movement between them, which a policy may read, stays true.
    Does nothing where the policy is given no state.
    """

    def __init__(self, options: "augmentations.StateNoise") -> None:
        self.std = torch.tensor(options.std)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        windows, _, size = batch.state_BTS.shape
        if size == 0:
            return batch
        if len(self.std) not in (1, size):
            raise BczooError(
                f"state_noise has {len(self.std)} values of std, but the state has {size}; give as many, or one for all"
            )
        self.std = self.std.to(batch.state_BTS)
        drawn_B1S = torch.randn(
            windows, 1, size, generator=generator, device=generator.device, dtype=batch.state_BTS.dtype
        )
        return attrs.evolve(batch, state_BTS=batch.state_BTS + self.std * drawn_B1S)
