"""On a device of its own an augmentation only queues work; to look at a value would wait for all that is queued."""

import pytest
import torch
from augment_batches import draws, frames

from bczoo.card import build
from bczoo.plugins.augmentations import ColorJitter, Crop, Shift


@pytest.mark.parametrize("options", [Shift(), Crop(), ColorJitter()], ids=lambda options: type(options).__name__)
def test_no_value_is_looked_at(options):
    """The meta device has none, and raises when asked for one."""
    changed = build(options).change(frames(6).to("meta"), draws(options, 6).to("meta"))
    assert (changed.shape, changed.dtype, changed.device.type) == (frames(6).shape, torch.uint8, "meta")
    assert changed.is_contiguous()
