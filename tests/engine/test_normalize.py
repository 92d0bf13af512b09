"""Statistics: there or an error, never too small, and undone exactly."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bczoo.engine.normalize import STD_FLOOR, Normalizer, fit
from bczoo.errors import BczooError
from bczoo.shapes import Action

ACTION = Action(size=2, low=(-1.0, 0.0), high=(1.0, 5.0))


def test_missing_statistics_are_an_error():
    with pytest.raises(BczooError, match=r"state_mean.*statistics are missing"):
        Normalizer(3, ACTION).check()


def test_a_constant_dimension_is_not_blown_up():
    normalizer = Normalizer(1, ACTION)
    fit(normalizer, {"mean": torch.zeros(1), "std": torch.zeros(1)})
    assert normalizer.state(torch.full((1,), 1e-3)).item() == pytest.approx(1e-3 / STD_FLOOR)


def test_states_are_standardised():
    normalizer = Normalizer(1, ACTION)
    fit(normalizer, {"mean": torch.tensor([2.0]), "std": torch.tensor([4.0])})
    assert normalizer.state(torch.tensor([10.0])).item() == 2.0


def test_without_statistics_wanted_states_pass_unchanged():
    normalizer = Normalizer(2, ACTION)
    fit(normalizer, None)
    assert normalizer.state(torch.tensor([3.0, -7.0])).tolist() == [3.0, -7.0]


@given(st.floats(-1, 1, width=32), st.floats(0, 5, width=32))
def test_scaling_an_action_is_undone(first, second):
    normalizer = Normalizer(0, ACTION)
    action = torch.tensor([first, second])
    assert torch.allclose(normalizer.unscale(normalizer.scale(action)), action, atol=1e-5)


def test_predicted_actions_stay_inside_the_bounds():
    normalizer = Normalizer(0, ACTION)
    assert normalizer.unscale(torch.tensor([[9.0, 9.0], [-9.0, -9.0]])).tolist() == [[1.0, 5.0], [-1.0, 0.0]]
