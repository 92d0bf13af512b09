"""The push task's shifts: each changes what it says, nothing else, and the same by the same seed."""

import numpy as np
import pytest

from bczoo.errors import InputError
from bczoo.plugins.envs import Push
from bczoo.plugins.envs.push_env import PushEnv
from bczoo.plugins.envs.push_shifts_env import SHIFTS

LOOKS = ("camera_jitter", "lighting", "colours")
MOVES = ("block_shape", "friction")
PUSH = np.float32([1.0, 0.1, -1.0])


def env(name=None, strength=1.0, **options):
    made = PushEnv(Push(cameras=("front", "top"), height=40, width=40, **options))
    if name:
        made.shift(name, strength)
    return made


def expert_episode(made, seed, steps=60):
    """Images and simulator states of an episode whose actions are those of the expert of a plain twin."""
    twin = env()
    twin.reset(seed=seed)
    obs, _ = made.reset(seed=seed)
    images, states = [np.stack([obs["front"], obs["top"]])], [made._now.data.qpos.copy()]
    for _ in range(steps):
        action = twin.expert_action()
        twin.step(action)
        obs = made.step(action)[0]
        images.append(np.stack([obs["front"], obs["top"]]))
        states.append(made._now.data.qpos.copy())
    return np.stack(images), np.stack(states)


def test_the_five_are_offered_and_others_refused():
    assert set(PushEnv.shifts) == {*LOOKS, *MOVES}
    with pytest.raises(InputError, match="no shift 'fog'"):
        env("fog")
    with pytest.raises(InputError, match="block_shape=5: a longer block"):
        env("block_shape", 5.0)


@pytest.mark.parametrize("name", SHIFTS)
def test_the_strongest_and_the_weakest_still_give_pictures_and_a_stronger_one_is_refused(name):
    strongest = 4.0 if name == "block_shape" else 100.0
    for strength in (strongest, 1e-300):
        made = env(name, strength)
        made.reset(seed=3)
        obs = made.step(PUSH)[0]
        assert np.isfinite(made._model.cam_quat).all()
        assert np.isfinite(obs["state"]).all()
        if strength < 1 and name in ("camera_jitter", "colours", "friction"):  # a light or a brick stays one
            np.testing.assert_array_equal(obs["front"], _plain_front())
    with pytest.raises(InputError, match=f"shift {name}=101: "):
        env(name, 101.0)


def _plain_front():
    made = env()
    made.reset(seed=3)
    return made.step(PUSH)[0]["front"]


@pytest.mark.parametrize("name", LOOKS)
def test_looks_change_every_picture_and_no_movement(name):
    plain, shifted = expert_episode(env(), 3), expert_episode(env(name), 3)
    np.testing.assert_array_equal(plain[1], shifted[1])
    changed = (plain[0] != shifted[0]).any(-1).mean((2, 3))
    assert changed.min() > 0.03  # a share of the pixels of each camera, at every step


@pytest.mark.parametrize("name", MOVES)
def test_a_change_of_the_block_lets_it_begin_where_it_was_and_move_otherwise(name):
    plain, shifted = expert_episode(env(), 3), expert_episode(env(name), 3)
    np.testing.assert_array_equal(plain[1][0], shifted[1][0])
    assert np.abs(plain[1] - shifted[1]).max() > 0.005


def test_friction_is_not_to_be_seen_and_the_shape_is():
    plain, slippery, brick = (env(name).reset(seed=3)[0]["top"] for name in (None, "friction", "block_shape"))
    np.testing.assert_array_equal(plain, slippery)
    assert (plain != brick).any(-1).mean() < 0.1  # the block alone


@pytest.mark.parametrize("name", SHIFTS)
def test_an_episode_is_the_same_by_the_same_seed(name):
    used = env(name)
    expert_episode(used, 1, steps=5)
    again, fresh = expert_episode(used, 2, steps=5), expert_episode(env(name), 2, steps=5)
    np.testing.assert_array_equal(again[0], fresh[0])
    np.testing.assert_array_equal(again[1], fresh[1])


@pytest.mark.parametrize("name", LOOKS)
def test_looks_differ_from_episode_to_episode_and_starts_without_a_seed_are_those_of_the_plain_env(name):
    plain, shifted = env(), env(name)
    backdrops = []
    for seed in (1, None, None):
        plain.reset(seed=seed)
        shifted.reset(seed=seed)
        backdrops.append(shifted._cameras["front"]._view.backdrop)
        np.testing.assert_array_equal(plain._now.data.qpos, shifted._now.data.qpos)
    assert not any(np.array_equal(backdrops[0], other) for other in backdrops[1:])


@pytest.mark.parametrize("name", LOOKS)
def test_a_little_changes_little_and_more_changes_more(name):
    plain = expert_episode(env(), 5)[0].astype(float)
    little, much = (expert_episode(env(name, strength), 5)[0] for strength in (0.05, 1.0))
    distance = [np.abs(plain - other).mean() for other in (little, much)]
    assert 0 < distance[0] < 0.5 * distance[1]


def test_the_cached_picture_is_the_plain_one_under_every_look():
    for name in LOOKS:
        made = env(name)
        for seed in (1, 2):
            made.reset(seed=seed)
            for camera in made._cameras.values():
                np.testing.assert_array_equal(camera.render(made._now.data), camera.render_plain(made._now.data))


def test_a_bright_light_saturates():
    made = env("lighting", 3.0)
    brightest = max(made.reset(seed=seed)[0]["top"].max() for seed in range(8))
    assert brightest == 255


def test_a_video_shows_what_the_policy_sees():
    made = PushEnv(Push(height=480, width=480), "rgb_array")
    made.shift("colours", 1.0)
    for seed in (1, 2):
        np.testing.assert_array_equal(made.reset(seed=seed)[0]["front"], made.render())
