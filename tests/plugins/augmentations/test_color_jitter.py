"""The three factors do what torchvision's do."""

import pytest
import torch
from augment_batches import augmented, batch, draws, frames
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as F

from bczoo.card import build
from bczoo.errors import InputError
from bczoo.plugins.augmentations import ColorJitter
from bczoo.specfile import load_spec

FACTORS = {"brightness": F.adjust_brightness, "contrast": F.adjust_contrast, "saturation": F.adjust_saturation}
NOT = dict.fromkeys(FACTORS, 0.0)
factors = st.floats(0.0, 2.0, width=32)


def of_planes(adjust, image_HWC, factor):
    return adjust(image_HWC.permute(2, 0, 1), factor).permute(1, 2, 0)


@pytest.mark.parametrize("name", FACTORS)
@given(drawn=st.lists(factors, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_one_factor_is_torchvisions(name, drawn):
    adjust, image = FACTORS[name], frames(len(drawn))
    drawn_M3 = torch.ones(len(drawn), 3)
    drawn_M3[:, list(FACTORS).index(name)] = torch.tensor(drawn)
    seen = build(ColorJitter(**NOT | {name: 1.0})).change(image, drawn_M3)
    for given_HWC, seen_HWC, factor in zip(image, seen, drawn, strict=True):
        exact, of_bytes = (of_planes(adjust, frame, factor) for frame in (given_HWC / 255, given_HWC))
        # Rounded, so half a level from what is exact.
        torch.testing.assert_close(seen_HWC.float(), 255 * exact, atol=0.501, rtol=0)
        # Of bytes torchvision cuts off the fraction of the result, and that of grey before.
        assert (seen_HWC.int() - of_bytes.int()).abs().max() <= (2 if name == "saturation" else 1)


@given(drawn=st.tuples(factors, factors, factors))
@settings(max_examples=40, deadline=None)
def test_all_three_are_torchvisions_of_a_float_image(drawn):
    (image,) = frames(1)
    expected = image / 255
    for adjust, factor in zip(FACTORS.values(), drawn, strict=True):
        expected = of_planes(adjust, expected, factor)
    seen = build(ColorJitter()).change(image[None], torch.tensor([drawn]))[0]
    torch.testing.assert_close(seen.float(), 255 * expected, atol=0.501, rtol=0)


def test_many_frames_are_changed_as_few_are():
    image, drawn = frames(20, 200, 300, 3), draws(ColorJitter(), 20)
    part = build(ColorJitter())
    for index in (0, 7, 19):
        assert torch.equal(part.change(image, drawn)[index], part.change(image[[index]], drawn[[index]])[0])


def test_factors_of_one_change_nothing():
    image = frames(4)
    assert torch.equal(build(ColorJitter()).change(image, torch.ones(4, 3)), image)


def test_a_strength_of_zero_leaves_that_factor_alone():
    drawn = draws(ColorJitter(brightness=0.0, contrast=0.2, saturation=0.0), 1000)
    assert (drawn[:, [0, 2]] == 1).all()
    image = frames(1).repeat(1000, 1, 1, 1)[..., :1].expand(-1, -1, -1, 3)
    grey = build(ColorJitter(**NOT | {"saturation": 1.0})).change(image, draws(ColorJitter(saturation=1.0), 1000))
    # What is grey has no saturation; its three weights add up to 0.9999.
    assert (grey.int() - image.int()).abs().max() <= 1


def test_factors_are_uniform_around_one():
    strengths = {"brightness": 0.1, "contrast": 0.5, "saturation": 1.0}
    drawn = draws(ColorJitter(**strengths), 20_000)
    for column, strength in zip(drawn.unbind(1), strengths.values(), strict=True):
        assert 1 - strength <= column.min()
        assert column.max() <= 1 + strength
        shares = torch.histc(column, 10, 1 - strength, 1 + strength) / len(column)
        assert (shares - 0.1).abs().max() < 0.01
    assert torch.corrcoef(drawn.T).sub(torch.eye(3)).abs().max() < 0.03


def test_the_steps_of_a_window_are_lit_alike_and_cameras_apart():
    one = frames(1).repeat(8, 1, 1, 1)
    images = augmented(ColorJitter(), batch({"front": one, "wrist": one}, steps=2)).images
    front = images["front"].view(4, 2, -1)
    assert torch.equal(front[:, 0], front[:, 1])
    assert not torch.equal(images["front"], images["wrist"])


def test_jitter_that_changes_nothing_is_refused():
    with pytest.raises(ValueError, match="change nothing"):
        ColorJitter(**NOT)
    none = "brightness = 0.0, contrast = 0.0, saturation = 0.0"
    with pytest.raises(InputError, match=r"data\.augment.*change nothing"):
        load_spec("bc_cnn", [f'data.augment=[{{use = "color_jitter", {none}}}]'])
