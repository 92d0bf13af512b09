"""The backbone: what its waves are, and what they tell that a mean place does not."""

import pytest
import torch
from bczoo.shapes import Obs

from bczoo_fourier import Fourier
from bczoo_fourier.fourier_net import FourierNet, mean_waves, waves

TWO = torch.tensor([[1.0, 0.0], [0.0, 0.5]])  # a wave from top to bottom, half a wave from left to right


def test_the_waves_are_those_of_the_paper():
    made = waves(TWO, height=5, width=3)
    assert made.shape == (4, 5, 3)
    torch.testing.assert_close(made[0, :, 1], torch.tensor([1.0, 0.0, -1.0, 0.0, 1.0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(made[1, 2, :], torch.tensor([1.0, 0.0, -1.0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(made[:2].square() + made[2:].square(), torch.ones(2, 5, 3))


def pointing(*places):
    """Scores of one channel that points at these places of 5x5, at each as much."""
    score = torch.zeros(1, 1, 5, 5)
    for row, column in places:
        score[..., row, column] = 100.0
    return score


def test_a_channel_that_points_at_one_place_gives_the_waves_there():
    for row, column in ((0, 0), (1, 3), (4, 2)):
        mean = mean_waves(pointing((row, column)), TWO)[0, 0]
        torch.testing.assert_close(mean, waves(TWO, 5, 5)[:, row, column])


def test_two_things_are_not_taken_for_one_between_them():
    two, between = pointing((2, 0), (2, 4)), pointing((2, 2))
    columns = torch.arange(5.0)
    mean_places = [(score.flatten(2).softmax(-1).view(5, 5).sum(0) * columns).sum() for score in (two, between)]
    torch.testing.assert_close(*mean_places)
    assert (mean_waves(two, TWO) - mean_waves(between, TWO)).abs().max() > 0.9


def test_many_turns_are_not_rounded_away_where_training_computes_in_bfloat16():
    score, fast = pointing((1, 3)), torch.tensor([[100.3, 40.1]])
    with torch.autocast("cpu", torch.bfloat16):
        rough = mean_waves(score, fast)
    torch.testing.assert_close(rough.float(), mean_waves(score, fast), atol=0.01, rtol=0)


def built(**cameras):
    return FourierNet(Fourier(frequencies=4, width=16), Obs(steps=1, images=cameras, state=0)).eval()


def test_cameras_of_several_sizes_give_a_token_each():
    net = built(front=(84, 84, 3), wrist=(48, 64, 3))
    assert net({"front": torch.zeros(2, 3, 84, 84), "wrist": torch.zeros(2, 3, 48, 64)}).shape == (2, 2, 128)


def test_cameras_of_several_kinds_are_refused():
    with pytest.raises(ValueError, match=r"one number of channels, not of \[1, 3\]"):
        built(front=(84, 84, 3), depth=(84, 84, 1))


def test_its_frequencies_are_saved_with_its_weights():
    one, two = built(front=(84, 84, 3)), built(front=(84, 84, 3))
    assert not torch.equal(one.frequencies_F2, two.frequencies_F2)
    two.load_state_dict(one.state_dict())
    image = {"front": torch.randn(1, 3, 84, 84)}
    torch.testing.assert_close(one(image), two(image))
