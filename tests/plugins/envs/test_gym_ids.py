"""The Gymnasium id of the push task."""

import subprocess
import sys

import gymnasium
import pytest

from bczoo.errors import InputError
from bczoo.plugins.envs.gym_ids import PUSH_ID, register
from bczoo.plugins.envs.push_env import PushEnv

FROM_SCRATCH = """
import sys
import gymnasium
env = gymnasium.make("bczoo.plugins.envs.gym_ids:bczoo/Push-v0", layout="any", render_mode="rgb_array")
observation, _ = env.reset(seed=0)
print(observation["front"].shape, env.render().shape, env.spec.id)
"""


def test_make_works_with_nothing_imported():
    run = subprocess.run([sys.executable, "-c", FROM_SCRATCH], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "(84, 84, 3) (480, 480, 3) bczoo/Push-v0"
    assert run.stderr == ""


def test_keyword_arguments_are_the_options():
    env = gymnasium.make(PUSH_ID, cameras=["top"], height=16, width=24, max_steps=2)
    assert isinstance(env.unwrapped, PushEnv)
    observation, _ = env.reset(seed=0)
    assert observation["top"].shape == (16, 24, 3)
    env.step(env.action_space.sample())
    assert env.step(env.action_space.sample())[3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layuot": "any"}, "bczoo/Push-v0: layuot: unknown key; did you mean 'layout'"),
        ({"layout": "anny"}, "layout: 'anny' is not one of 'forward', 'any'; did you mean 'any'"),
        ({"cameras": []}, "cameras"),
        ({"height": "84"}, "height: expected a whole number"),
        ({"height": 2, "renderer": "gpu"}, "(?s)height.*renderer"),
    ],
)
def test_wrong_options_are_named(options, said):
    with pytest.raises(InputError, match=said):
        gymnasium.make(PUSH_ID, **options)


def test_registering_twice_is_silent(recwarn):
    register()
    assert not recwarn.list


def test_runs_vectorised():
    envs = gymnasium.make_vec(PUSH_ID, num_envs=2, vectorization_mode="sync", height=8, width=8)
    observation, _ = envs.reset(seed=[1, 2])
    assert observation["front"].shape == (2, 8, 8, 3)
    envs.close()
