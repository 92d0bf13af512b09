"""Envs without a camera: collected from, trained on and judged as any other."""

import numpy as np
import pytest
from specs import toy_spec
from toy_env import Toy, ask

import bczoo
from bczoo.engine.collect import collect
from bczoo.engine.data_info import inspect
from bczoo.engine.demos import Demos
from bczoo.engine.env import describe_env
from bczoo.errors import BczooError

STATE_ONLY = {"use": "toy", "cameras": []}


def blind_spec(folder, **tables):
    policy = {"backbone": {"use": "none"}, "head": {"use": "mlp", "hidden": [32], "dropout": 0.1}}
    policy |= tables.pop("policy", {})
    return toy_spec(folder, env=STATE_ONLY, policy=policy, **tables)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_collected_holds_states_and_actions(tmp_path, workers):
    made = collect(ask(env=Toy(cameras=()), demos=26), tmp_path / "mine", workers=workers)
    demos = Demos.open(made)
    assert (demos.cameras, demos.state.shape) == ({}, (demos.frames, 4))
    table, mistakes = inspect(made)
    assert mistakes == []
    assert not any(line.startswith("camera ") for line in table.splitlines())


@pytest.mark.parametrize(
    ("policy", "data"),
    [({}, {}), ({"steps": 3, "horizon": 4}, {"stretch": 3}), ({"temporal": {"use": "gru"}, "steps": 2}, {})],
    ids=["plain", "chunks and stretches", "recurrent"],
)
def test_it_is_trained_on_and_judged_without_a_video(runs, caplog, policy, data):
    spec = blind_spec("mine", policy=policy, data={"demos": 12, **data}, eval={"videos": 2}, train={"epochs": 1})
    result = bczoo.train(spec, run="r", show=False)
    assert result.report.episodes == 6
    assert "no rollouts.mp4" in caplog.text
    again = bczoo.evaluate(result.folder / "policy.safetensors", show=False, videos=0)
    assert again.report.as_json()["table"] == result.report.as_json()["table"]


def test_the_policy_acts_on_the_state_alone(runs):
    result = bczoo.train(blind_spec("mine", data={"demos": 12}, train={"epochs": 1}), run="r", show=False)
    policy = bczoo.load_policy(result.folder / "policy.safetensors")
    assert policy.act({"state": np.zeros(4)}).shape == (2,)
    assert policy.act({"state": np.zeros((3, 4))}).shape == (3, 2)


def test_a_backbone_that_looks_at_cameras_is_refused(runs):
    with pytest.raises(BczooError, match=r"backbone 'cnn' .* looks at cameras, but the env has none"):
        bczoo.check(toy_spec("mine", env=STATE_ONLY))


def test_nothing_is_recorded_for_a_policy_that_would_see_nothing(tmp_path, runs):
    with pytest.raises(BczooError, match="looks at cameras, but the env has none"):
        bczoo.train(toy_spec("mine", env=STATE_ONLY), run="r", show=False)
    assert not (tmp_path / "mine").exists()


def test_an_env_that_shows_nothing_is_refused_before_anything_is_recorded(tmp_path):
    nothing = Toy(cameras=(), state=False)
    with pytest.raises(BczooError, match="env 'toy' shows nothing: neither a camera nor a state"):
        describe_env(nothing)
    with pytest.raises(BczooError, match="env 'toy' shows nothing"):
        collect(ask(env=nothing), tmp_path / "mine", workers=1)
    assert not list((tmp_path / "mine").glob("*"))
