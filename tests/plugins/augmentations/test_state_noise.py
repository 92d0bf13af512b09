"""Noise has the spread it says, in the state's own units, and keeps the movement within a window."""

import pytest
import torch
from augment_batches import augmented, batch

from bczoo.errors import BczooError, InputError
from bczoo.plugins.augmentations import StateNoise
from bczoo.specfile import load_spec


def noise(options, windows=20_000, steps=1, state=3):
    return augmented(options, batch({}, windows=windows, steps=steps, state=state)).state_BTS


def test_one_deviation_is_that_of_every_dimension():
    seen = noise(StateNoise(std=(0.05,)))
    torch.testing.assert_close(seen.std((0, 1)), torch.full((3,), 0.05), atol=0, rtol=0.03)
    assert seen.mean((0, 1)).abs().max() < 0.05 * 0.03
    assert torch.corrcoef(seen[:, 0].T).sub(torch.eye(3)).abs().max() < 0.03
    # Gaussian: 68 % within one deviation, 95 % within two.
    assert (seen.abs() < 0.05).float().mean().item() == pytest.approx(0.683, abs=0.01)
    assert (seen.abs() < 0.10).float().mean().item() == pytest.approx(0.954, abs=0.01)


def test_each_dimension_may_have_its_own():
    seen = noise(StateNoise(std=(0.5, 0.0, 20.0)))
    torch.testing.assert_close(seen.std((0, 1)), torch.tensor([0.5, 0.0, 20.0]), atol=0, rtol=0.03)


def test_the_steps_of_a_window_move_together():
    state_BTS = torch.randn(6, 4, 3)
    seen = augmented(StateNoise(), batch({}, windows=6, steps=4, state_BTS=state_BTS)).state_BTS
    torch.testing.assert_close(seen.diff(dim=1), state_BTS.diff(dim=1))
    moved = (seen - state_BTS)[:, 0]
    assert len(moved.unique(dim=0)) == 6


def test_double_precision_stays():
    state_BTS = torch.zeros(4, 2, 3, dtype=torch.float64)
    assert augmented(StateNoise(), batch({}, steps=2, state_BTS=state_BTS)).state_BTS.dtype == torch.float64


def test_images_stay_the_very_same():
    images = {"front": torch.zeros(4, 2, 2, 3, dtype=torch.uint8)}
    assert augmented(StateNoise(), batch(images)).images["front"] is images["front"]


def test_deviations_for_another_state_are_refused():
    with pytest.raises(BczooError, match="has 2 values of std, but the state has 3; give as many, or one for all"):
        noise(StateNoise(std=(0.1, 0.2)))
    assert noise(StateNoise(std=(0.1, 0.2)), state=0).shape[-1] == 0


@pytest.mark.parametrize("std", ["[]", "[0.0]", "[0.1, -0.1]"])
def test_deviations_that_make_no_noise_are_refused(std):
    with pytest.raises(InputError, match=r"must be numbers of at least 0, one of them greater"):
        load_spec("bc_cnn", [f'data.augment=[{{use = "state_noise", std = {std}}}]'])
