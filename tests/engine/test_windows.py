"""Windows: what is observed at a moment, and which actions answer it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_env import Toy, ask

from bczoo.engine.collect import collect
from bczoo.engine.demos import Demos
from bczoo.engine.windows import Windows
from bczoo.errors import BczooError

ALL = torch.arange(55)


def every(windows):
    """All windows in one batch."""
    return windows.batch(torch.arange(len(windows)))


@settings(max_examples=30)
@given(
    episodes=st.lists(st.integers(0, 54), min_size=1, max_size=6, unique=True),
    steps=st.integers(1, 6),
    horizon=st.integers(1, 12),
)
def test_windows_are_what_a_plain_loop_over_the_episodes_gives(plain, episodes, steps, horizon):
    batch = every(Windows(plain, torch.tensor(episodes), steps=steps, horizon=horizon))
    row = 0
    for episode in episodes:
        start, end = int(plain.episode_starts[episode]), int(plain.episode_ends[episode])
        for t in range(start, end):
            observed = [max(t - back, start) for back in reversed(range(steps))]
            answered = [min(t + ahead, end - 1) for ahead in range(horizon)]
            assert torch.equal(batch.state_BTS[row], plain.state[observed])
            assert torch.equal(
                batch.images["front"].unflatten(0, (-1, steps))[row],
                plain.gather_images("front", torch.tensor(observed)),
            )
            assert torch.equal(batch.action_BHA[row], plain.action[answered])
            assert batch.mask_BH[row].tolist() == [t + ahead < end for ahead in range(horizon)]
            row += 1
    assert row == len(batch.mask_BH)


def test_no_window_sees_another_episode(plain):
    # The goal stands still within an episode and differs between any two.
    goals = every(Windows(plain, ALL, steps=5, horizon=1)).state_BTS[..., 2:]
    assert (goals == goals[:, -1:]).all()


def test_an_episodes_first_frame_is_repeated_before_its_start(plain):
    images = every(Windows(plain, torch.tensor([8]), steps=3, horizon=1)).images["front"].unflatten(0, (-1, 3))
    # The toy env paints the step number on every image.
    assert images[:2, :, 1, 1, 0].tolist() == [[0, 0, 0], [0, 0, 1]]


def test_batches_keep_the_order_asked_for_and_the_shapes_promised(plain):
    windows = Windows(plain, ALL, steps=2, horizon=3)
    assert len(windows) == plain.frames
    batch = windows.batch(torch.tensor([9, 0, 9]))
    assert batch.images["front"].shape == (3 * 2, 6, 8, 3)
    assert batch.images["front"].dtype == torch.uint8
    assert batch.state_BTS.shape == (3, 2, 4)
    assert batch.action_BHA.shape == (3, 3, 2)
    assert batch.mask_BH.dtype == torch.bool
    assert torch.equal(batch.state_BTS[0], batch.state_BTS[2])
    assert torch.equal(batch.state_BTS[1, -1], plain.state[0])


def test_chunks_are_plans_where_there_are_plans(demos):
    batch = every(Windows(demos, ALL, steps=1, horizon=3))
    assert torch.equal(batch.action_BHA, demos.plan[:, :3])
    assert batch.mask_BH.all()


def test_a_single_action_is_always_the_label(demos, plain):
    for opened in (demos, plain):
        batch = every(Windows(opened, ALL, steps=1, horizon=1))
        assert torch.equal(batch.action_BHA[:, 0], opened.action)
        assert batch.mask_BH.all()


def test_plans_that_are_too_short_are_refused_with_the_option_to_set(demos):
    with pytest.raises(BczooError, match=r"plans of 4 actions, too short for horizon 5; set data\.plan to 5"):
        Windows(demos, ALL, steps=1, horizon=5)


def test_cameras_and_state_can_be_left_out(tmp_path):
    two = Demos.open(collect(ask(env=Toy(cameras=("a", "b")), demos=3), tmp_path / "x", workers=1))
    batch = every(Windows(two, torch.arange(3), steps=2, horizon=1, cameras=["b"], state=False))
    assert list(batch.images) == ["b"]
    assert batch.state_BTS.shape == (two.frames, 2, 0)
    with pytest.raises(BczooError, match="no camera 'c'"):
        Windows(two, torch.arange(3), steps=1, horizon=1, cameras=["c"])


def test_demonstrations_without_state_give_an_empty_one(tmp_path):
    blind = Demos.open(collect(ask(env=Toy(state=False), demos=2), tmp_path / "x", workers=1))
    batch = every(Windows(blind, torch.arange(2), steps=2, horizon=1))
    assert batch.state_BTS.shape == (blind.frames, 2, 0)
    assert blind.statistics(torch.arange(2))["state"]["mean"].shape == (0,)


def test_no_episodes_are_no_windows(plain):
    assert len(Windows(plain, ALL[:0], steps=2, horizon=2)) == 0
