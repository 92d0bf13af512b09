"""Crops are what torchvision cuts out and enlarges, for frames of different places and sizes at once."""

import pytest
import torch
from augment_batches import augmented, batch, draws, frames
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as F

from bczoo.card import build
from bczoo.plugins.augmentations import Crop
from bczoo.plugins.augmentations.crop_net import Boxes, by_size, sampled

WAYS = {"by_size": by_size, "sampled": sampled}
every_way = pytest.mark.parametrize("enlarge", WAYS.values(), ids=WAYS)


@st.composite
def images_and_boxes(draw):
    """A few frames, and boxes inside them."""
    height, width = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        tall, wide = draw(st.integers(1, height)), draw(st.integers(1, width))
        rows.append([draw(st.integers(0, height - tall)), draw(st.integers(0, width - wide)), tall, wide])
    top, left, tall, wide = torch.tensor(rows).unbind(1)
    return frames(len(rows), height, width, 3), Boxes(top=top, left=left, height=tall, width=wide)


def each(boxes):
    return zip(*(side.tolist() for side in (boxes.top, boxes.left, boxes.height, boxes.width)), strict=True)


@every_way
@given(case=images_and_boxes())
@settings(max_examples=60, deadline=None)
def test_a_known_crop_is_torchvisions_of_the_same_box(enlarge, case):
    image, boxes = case
    planes = image.permute(0, 3, 1, 2).float()
    size = list(planes.shape[2:])
    expected = [
        F.resized_crop(frame, *box, size, antialias=False) for frame, box in zip(planes, each(boxes), strict=True)
    ]
    seen = enlarge(image, boxes)
    assert seen.is_contiguous()
    assert seen.dtype == torch.uint8
    # Rounded, so half a level from what is exact; the weights of bytes are rounded too.
    torch.testing.assert_close(seen.permute(0, 3, 1, 2).float(), torch.stack(expected), atol=1.01, rtol=0)


@every_way
@given(height=st.integers(1, 40), width=st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_the_whole_is_the_image_itself(enlarge, height, width):
    image = frames(3, height, width, 3)
    none = torch.zeros(3, dtype=torch.long)
    assert torch.equal(enlarge(image, Boxes(top=none, left=none, height=none + height, width=none + width)), image)


@every_way
def test_a_large_image_too_stays_the_same(enlarge):
    image, none = frames(1, 700, 1000, 3), torch.tensor([0])
    assert torch.equal(enlarge(image, Boxes(top=none, left=none, height=none + 700, width=none + 1000)), image)


@given(height=st.integers(1, 60), width=st.integers(1, 60), scale_min=st.floats(0.01, 0.99))
@settings(max_examples=60, deadline=None)
def test_boxes_lie_inside_and_keep_their_share_and_proportions(height, width, scale_min):
    corners = torch.tensor([[size, row, column] for size in (0, 1) for row in (0, 1) for column in (0, 1)]).float()
    # Of all numbers below 1 the largest is the most likely to be rounded to one too many.
    drawn = torch.cat([corners * (1 - 2**-24), torch.rand(20, 3, generator=torch.Generator().manual_seed(0))])
    boxes = build(Crop(scale_min=scale_min)).boxes(height, width, drawn)
    for top, left, tall, wide in each(boxes):
        assert 0 <= top <= top + tall <= height
        assert 0 <= left <= left + wide <= width
        assert min(tall, wide) >= 1
        assert max(tall, wide) > scale_min * max(height, width) - 1
        share = max(tall, wide) / max(height, width)
        assert abs(tall - max(1, share * height)) <= 0.5
        assert abs(wide - max(1, share * width)) <= 0.5
    assert (boxes.height.max(), boxes.width.max()) == (height, width)
    assert height == width == 1 or boxes.height.maximum(boxes.width).min() < max(height, width)


def test_sizes_and_places_are_uniform():
    boxes = build(Crop(scale_min=0.5)).boxes(20, 10, draws(Crop(), 40_000))
    shares = torch.bincount(boxes.height, minlength=21)[10:] / 40_000
    assert (shares - 1 / 11).abs().max() < 0.01
    for start, room in ((boxes.top, 20 - boxes.height), (boxes.left, 10 - boxes.width)):
        for most in (1, 3, 5):
            there = start[room == most]
            shares = torch.bincount(there, minlength=most + 1) / len(there)
            assert len(shares) == most + 1
            assert (shares - 1 / (most + 1)).abs().max() < 0.04


@pytest.mark.parametrize("grey", [0, 1, 127, 254, 255])
@every_way
def test_an_even_image_keeps_its_level(enlarge, grey):
    image = torch.full((50, 9, 13, 3), grey, dtype=torch.uint8)
    assert torch.equal(enlarge(image, build(Crop()).boxes(9, 13, draws(Crop(), 50))), image)


def test_the_steps_of_a_window_are_cropped_alike_and_windows_apart():
    front = augmented(Crop(), batch({"front": frames(1).repeat(8, 1, 1, 1)}, steps=2)).images["front"].view(4, 2, -1)
    assert torch.equal(front[:, 0], front[:, 1])
    assert len(front[:, 0].unique(dim=0)) == 4
