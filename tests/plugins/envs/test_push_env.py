"""The push task as an environment: contract, determinism, endings, expert and plan."""

import hashlib
import subprocess
import sys
from itertools import product

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from bczoo.errors import InputError
from bczoo.plugins.envs import Push
from bczoo.plugins.envs.gym_ids import PUSH_ID
from bczoo.plugins.envs.push_env import PushEnv

VARIANTS = list(product(("forward", "any"), ("cylinder", "box")))

FINGERPRINT = """
from test_push_env import fingerprint
print(fingerprint())
"""


def small(**options):
    """An env whose images cost next to nothing."""
    return PushEnv(Push(height=8, width=8, **options))


def episode(env, seed, noise=0.0):
    """Everything an expert-driven episode yields: observations, rewards and the last info."""
    rng = np.random.default_rng(seed)
    observation, info = env.reset(seed=seed)
    trace, rewards, over = [observation], [], False
    while not over:
        action = env.expert_action() + (rng.normal(0.0, noise, 3).astype(np.float32) if noise else 0)
        observation, reward, terminated, truncated, info = env.step(action)
        trace.append(observation)
        rewards.append(reward)
        over = terminated or truncated
    return trace, rewards, info


def fingerprint():
    digest = hashlib.sha256()
    for layout, shape in VARIANTS:
        trace, rewards, _ = episode(PushEnv(Push(layout=layout, shape=shape, cameras=("front", "top"))), seed=5)
        for observation in trace:
            for key in sorted(observation):
                digest.update(observation[key].tobytes())
        digest.update(np.array(rewards).tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize(("layout", "shape"), VARIANTS)
@pytest.mark.filterwarnings("error")
def test_gymnasium_accepts_it(layout, shape):
    env = gymnasium.make(PUSH_ID, layout=layout, shape=shape, cameras=["front", "top"], render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()


def test_spaces_follow_the_options():
    env = PushEnv(Push(cameras=("top", "front"), height=20, width=30))
    observation, info = env.reset(seed=0)
    assert set(env.observation_space) == {"top", "front", "state"}
    assert env.observation_space.contains(observation)
    assert observation["top"].shape == (20, 30, 3)
    assert observation["state"].dtype == np.float32
    assert type(info["success"]) is bool
    assert type(info["distance"]) is float


def test_a_seed_alone_determines_an_episode():
    used = PushEnv(Push())
    episode(used, seed=1)
    again, fresh = episode(used, seed=2), episode(PushEnv(Push()), seed=2)
    assert again[1] == fresh[1]
    for left, right in zip(again[0], fresh[0], strict=True):
        assert all(np.array_equal(left[key], right[key]) for key in left)


def test_same_bits_in_another_process(request):
    answer = subprocess.run(
        [sys.executable, "-c", FINGERPRINT],
        capture_output=True,
        text=True,
        check=True,
        cwd=request.path.parent,
    )
    assert answer.stdout.strip() == fingerprint()


def test_seeds_differ_and_starts_are_far_from_the_goal():
    for layout in ("forward", "any"):
        env = small(layout=layout)
        distances = [env.reset(seed=seed)[1]["distance"] for seed in range(200)]
        assert len(set(distances)) == 200
        assert min(distances) >= 0.12


def test_actions_are_velocities_and_are_clipped():
    env = small()
    before = env.reset(seed=0)[0]["state"]
    for _ in range(4):
        after = env.step(np.array([0.0, 9.0, 0.0], np.float32))[0]["state"]
    clipped = small()
    clipped.reset(seed=0)
    for _ in range(4):
        limited = clipped.step(np.array([0.0, 1.0, 0.0], np.float32))[0]["state"]
    assert np.array_equal(after, limited)
    assert after[1] - before[1] == pytest.approx(4 / 20 * 0.25, rel=0.1)
    assert after[2] == pytest.approx(before[2], abs=1e-3)


def test_ends_at_the_goal_off_the_table_or_out_of_time():
    still = np.zeros(3, np.float32)

    env = small(max_steps=3)
    env.reset(seed=0)
    assert [env.step(still)[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]

    env.reset(seed=0)
    env._now.block[:2] = env._goal
    _, reward, terminated, _, info = env.step(still)
    assert terminated
    assert info["success"]
    assert reward == -info["distance"]

    env = small(max_steps=40)
    env.reset(seed=0)
    env._now.block[:2] = (0.0, 0.4)
    outcomes = [env.step(still) for _ in range(6)]
    assert outcomes[-1][2]
    assert not outcomes[-1][4]["success"]


@pytest.mark.parametrize(("layout", "shape"), VARIANTS)
def test_expert_always_succeeds(layout, shape):
    env = small(layout=layout, shape=shape)
    lengths = []
    for seed in range(60):
        _, rewards, info = episode(env, seed)
        assert info["success"], seed
        lengths.append(len(rewards))
    assert 25 <= np.median(lengths) <= 45


@pytest.mark.parametrize(("layout", "shape"), VARIANTS)
def test_expert_copes_with_noise(layout, shape):
    env = small(layout=layout, shape=shape)
    failed = [seed for seed in range(40) if not episode(env, seed, noise=0.3)[2]["success"]]
    assert len(failed) <= 1


@pytest.mark.parametrize("shape", ["cylinder", "box"])
def test_plan_is_what_the_expert_then_does(shape):
    env = small(shape=shape)
    env.reset(seed=4)
    plans, done = [], []
    over = False
    while not over:
        plans.append(env.expert_plan(8))
        done.append(env.expert_action())
        *_, over, _, _ = env.step(done[-1])
    assert len(done) > 20
    for start, plan in enumerate(plans):
        assert plan.dtype == np.float32
        future = np.array(done[start : start + 8])
        assert np.array_equal(plan[: len(future)], future)


def test_plan_leaves_the_simulation_as_it_was():
    with_plans, without = small(layout="any"), small(layout="any")
    for env in (with_plans, without):
        env.reset(seed=9)
    for _ in range(30):
        assert with_plans.expert_plan(5).shape == (5, 3)
        left = with_plans.step(with_plans.expert_action())
        right = without.step(without.expert_action())
        assert np.array_equal(with_plans._now.data.qpos, without._now.data.qpos)
        assert np.array_equal(with_plans._now.data.qvel, without._now.data.qvel)
        assert np.array_equal(left[0]["front"], right[0]["front"])


def test_render_is_large_and_only_on_request():
    env = PushEnv(Push(cameras=("top",)), render_mode="rgb_array")
    env.reset(seed=0)
    frame = env.render()
    assert frame.shape == (480, 480, 3)
    assert frame.dtype == np.uint8
    env.step(np.ones(3, np.float32))
    assert not np.array_equal(frame, env.render())
    env.close()
    assert small().render() is None


def test_unknown_render_mode_is_refused():
    with pytest.raises(InputError, match="no render_mode 'human'"):
        PushEnv(Push(), render_mode="human")
