"""Batches to augment, and what an augmentation makes of them."""

import torch

from bczoo.card import build
from bczoo.engine.parts import Batch

SHAPE = (12, 17, 3)


def frames(count, *shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, *(shape or SHAPE)), dtype=torch.uint8, generator=generator)


def batch(images, windows=4, steps=1, state=3, **fields):
    given = {
        "images": images,
        "state_BTS": torch.zeros(windows, steps, state),
        "action_BHA": torch.zeros(windows, 2, 3),
        "mask_BH": torch.ones(windows, 2, dtype=torch.bool),
    }
    return Batch(**given | fields)


def augmented(options, given, seed=0):
    return build(options)(given, torch.Generator().manual_seed(seed))


def draws(options, count, seed=0):
    """What is drawn for so many groups."""
    return build(options).draw(count, torch.Generator().manual_seed(seed))
