"""The video: readable, as long as its longest rollout, failures first."""

import av
import numpy as np
import pytest

from bczoo.engine.evaluate import Episode, evaluate
from bczoo.engine.video import BAR, GREEN, RED, SIDE, replay, write_rollouts
from bczoo.plugins.envs import Push
from bczoo.spec import Eval


class Expert:
    """Drives one push env by pushing blindly forward."""

    def actor(self, slots, execute, ensemble):
        del execute, ensemble
        self.slots = slots
        return self

    def reset(self, slots):
        pass

    def act(self, obs):
        del obs
        return np.tile(np.float32([1.0, 0.0, -0.2]), (self.slots, 1))


@pytest.fixture(scope="module")
def report():
    env = Push(max_steps=12)
    found = evaluate(Expert(), env, Eval(episodes=3, slots=2))
    found.table[1].success = True  # so that both kinds are in the picture
    return env, found


def test_the_video_is_as_long_as_its_longest_rollout_and_marks_the_outcome(report, tmp_path):
    env, found = report
    path = tmp_path / "rollouts.mp4"
    write_rollouts(path, found, env, count=3)
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 13 + 20  # the start, 12 steps, and a second's pause at 20 Hz
    assert frames[0].shape == (2 * (SIDE + BAR), 2 * SIDE, 3)
    last = frames[-1]
    corners = [last[BAR // 2, SIDE - 8], last[BAR // 2, 2 * SIDE - 8], last[SIDE + BAR + BAR // 2, SIDE - 8]]
    for corner, colour in zip(corners, (RED, RED, GREEN), strict=True):  # failures first
        assert np.abs(corner.astype(int) - colour).max() < 30


def test_a_replay_needs_no_policy(report):
    env, found = report
    pictures = list(replay(env, found.table[0]))
    assert len(pictures) == found.table[0].steps + 1
    assert np.abs(pictures[-1].astype(int) - pictures[0]).max() > 50  # something moved


def test_a_replay_follows_its_actions():
    still = Episode(index=0, seed=3, steps=2, actions=[np.zeros(3, np.float32)] * 2)
    moving = Episode(index=0, seed=3, steps=2, actions=[np.float32([1, 0, 0])] * 2)
    shown = [list(replay(Push(), episode)) for episode in (still, moving)]
    np.testing.assert_array_equal(shown[0][0], shown[1][0])
    assert np.any(shown[0][2] != shown[1][2])
