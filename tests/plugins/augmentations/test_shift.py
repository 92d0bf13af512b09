"""Shifts are what numpy's slices of a padded image are, for groups of frames at once."""

import numpy as np
import torch
from augment_batches import augmented, batch, draws, frames
from hypothesis import given, settings
from hypothesis import strategies as st

from bczoo.card import build
from bczoo.plugins.augmentations import Shift


def sliced(image_HWC, pixels, top, left):
    """The definition: pad by repeating the edge, then cut."""
    height, width, _ = image_HWC.shape
    padded = np.pad(image_HWC.numpy(), ((pixels, pixels), (pixels, pixels), (0, 0)), mode="edge")
    return padded[top : top + height, left : left + width]


@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    pixels=st.integers(1, 12),
    channels=st.sampled_from([1, 3, 4]),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_a_known_shift_is_a_slice_of_the_padded_image(height, width, pixels, channels, data):
    place = st.tuples(st.integers(0, 2 * pixels), st.integers(0, 2 * pixels))
    drawn = data.draw(st.lists(place, min_size=1, max_size=4))
    image = frames(len(drawn), height, width, channels)
    shifted = build(Shift(pixels=pixels)).change(image, torch.tensor(drawn))
    expected = np.stack([sliced(frame, pixels, *places) for frame, places in zip(image, drawn, strict=True)])
    np.testing.assert_array_equal(shifted.numpy(), expected)
    assert shifted.is_contiguous()


def test_no_shift_is_the_middle_one():
    image = frames(5)
    assert torch.equal(build(Shift(pixels=4)).change(image, torch.full((5, 2), 4)), image)


def test_frames_that_are_not_contiguous_are_shifted_too():
    image = frames(6)[::2, :, 2:]
    drawn = torch.tensor([[0, 8], [3, 4], [8, 0]])
    part = build(Shift(pixels=4))
    assert torch.equal(part.change(image, drawn), part.change(image.contiguous(), drawn))


def test_every_shift_is_equally_likely():
    count, side = 40_000, 2 * 3 + 1
    drawn = draws(Shift(pixels=3), count)
    assert set(drawn.unique().tolist()) == set(range(side))
    cells = torch.bincount(drawn[:, 0] * side + drawn[:, 1], minlength=side * side)
    # Chi-squared with 48 degrees of freedom: above 85 once in a thousand.
    expected = count / side**2
    assert ((cells - expected) ** 2 / expected).sum() < 85


def test_windows_cameras_and_calls_shift_apart_and_the_steps_of_a_window_together():
    one = frames(1)
    given_batch = batch(dict.fromkeys(("front", "wrist"), one.repeat(24, 1, 1, 1)), windows=12, steps=2)
    images = augmented(Shift(), given_batch).images
    front, wrist = (images[name].view(12, 2, -1) for name in ("front", "wrist"))
    assert torch.equal(front[:, 0], front[:, 1])
    assert len(front[:, 0].unique(dim=0)) > 6
    assert not torch.equal(front, wrist)
    assert not torch.equal(augmented(Shift(), given_batch, seed=1).images["front"], images["front"])


def test_shared_frames_shift_with_their_episode():
    group_M = torch.tensor([0, 0, 0, 1, 1, 2])
    frame_BT = torch.tensor([[0, 1], [1, 2], [3, 4], [5, 5]])
    images = {"front": frames(1).repeat(6, 1, 1, 1)}
    changed = augmented(Shift(), batch(images, steps=2, frame_BT=frame_BT, group_M=group_M), seed=1)
    front = changed.images["front"]
    assert [torch.equal(front[i], front[i + 1]) for i in range(5)] == [True, True, False, True, False]
    assert changed.frame_BT is frame_BT
    assert changed.group_M is group_M
