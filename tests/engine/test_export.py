"""Exported policies act as the policy does, and explain themselves."""

import json
from importlib.metadata import version

import numpy as np
import onnxruntime
import pytest
import torch
from test_policy import ready

from bczoo.engine.checkpoint import load_policy, save_policy
from bczoo.engine.export import export
from bczoo.schema import unstructure
from bczoo.shapes import Action, Obs
from bczoo.specfile import spec_from_table

# Bounds that are neither alike nor symmetric, of a movement and a gripper.
ACTION = Action(size=4, low=(-0.05, -0.05, -0.02, 0.0), high=(0.05, 0.05, 0.08, 1.0))
FRONT = {"front": (24, 32, 3)}
SMALL = {"d_model": 16, "heads": 2, "dim_feedforward": 16}
NO_IMAGES = {"backbone": {"use": "none"}}

POLICIES = {
    "cnn": {"backbone": {"use": "cnn", "pool": "spatial_softmax"}},
    "spherical": {"backbone": {"use": "timm", "model": "test_resnet"}, "action": {"use": "spherical"}},
    "vit": {"backbone": {"use": "timm", "model": "test_vit"}},
    "act": {
        "backbone": {"use": "cnn"},
        "temporal": {"use": "act", **SMALL, "encoder_layers": 1, "decoder_layers": 1, "cvae": True},
        "action": {"use": "direction"},
        "steps": 2,
        "horizon": 5,
    },
    "transformer": {**NO_IMAGES, "temporal": {"use": "transformer", "d_model": 16, "layers": 2}, "steps": 3},
    "gru-window": {**NO_IMAGES, "temporal": {"use": "gru", "hidden": 16}, "steps": 3, "horizon": 2},
    "gru-carry": {**NO_IMAGES, "temporal": {"use": "gru", "hidden": 16, "layers": 2, "memory": "carry"}, "steps": 3},
    "lstm-carry": {"backbone": {"use": "cnn"}, "temporal": {"use": "lstm", "hidden": 16, "memory": "carry"}},
}


def save(path, table, images=FRONT):
    """A policy file with fresh weights, and statistics that matter."""
    table = {"backbone": {"use": "cnn"}, "head": {"use": "mlp", "hidden": [32]}, **table}
    spec = spec_from_table({"name": "job", "env": {"use": "push"}, "policy": table, "train": {"epochs": 1}})
    sees = {} if table["backbone"]["use"] == "none" else images
    obs = Obs(steps=spec.policy.steps, images=sees, state=3 if spec.policy.state else 0)
    policy = ready(spec.policy, obs, ACTION)
    policy.normalizer.fit(torch.linspace(-1, 2, obs.state), torch.linspace(0.5, 3, obs.state))
    with torch.no_grad():  # fresh policies hardly move
        policy.head.layers[-1].weight.mul_(10)
    save_policy(path, policy, spec)
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The policy of a name and its ONNX file, written once."""
    made = {}

    def of(name):
        if name not in made:
            path = save(tmp_path_factory.mktemp("policies") / f"{name}.safetensors", POLICIES[name])
            made[name] = load_policy(path), path, export(path, path.with_suffix(".onnx"))
        return made[name]

    return of


@pytest.fixture
def saved(tmp_path):
    return save(tmp_path / "policy.safetensors", NO_IMAGES)


class Robot:
    """What has nothing but the file: it keeps the last observations, or the memories, as the description says."""

    def __init__(self, path, steps):
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.steps, self.past, self.memory = steps, None, None

    def chunk(self, obs):
        self.past = [obs] * self.steps if self.past is None else [*self.past[1:], obs]
        known = {name: np.stack([past[name] for past in self.past], axis=1) for name in obs}
        names = [given.name for given in self.session.get_inputs()]
        if self.memory is None:
            batch = len(next(iter(obs.values())))
            self.memory = {
                given.name: np.zeros((batch, *given.shape[1:]), np.float32)
                for given in self.session.get_inputs()
                if given.name.startswith("memory_")
            }
        made = self.session.run(None, {name: (known | self.memory)[name] for name in names})
        self.memory = dict(zip(self.memory, made[1:], strict=True))
        return made[0]


def observations(policy, batch, count=5):
    rng = np.random.default_rng(batch)
    for _ in range(count):
        obs = {name: rng.integers(0, 256, (batch, *shape), dtype=np.uint8) for name, shape in policy.obs.images.items()}
        yield obs | {"state": rng.normal(size=(batch, policy.obs.state)).astype(np.float32)}


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("name", POLICIES)
def test_it_acts_as_the_policy_does_in_a_rollout(exported, name, batch):
    policy, _, made = exported(name)
    robot = Robot(made.path, 1 if policy.temporal.recurrent else policy.obs.steps)
    actor = policy.actor(batch)
    acted = []
    for obs in observations(policy, batch):
        chunk_BHA = robot.chunk(obs)
        assert chunk_BHA.shape == (batch, policy.spec.horizon, 4)
        acted.append(chunk_BHA[:, 0])
        np.testing.assert_allclose(acted[-1], actor.act(obs), atol=1e-5)
    moved_BA = np.ptp(acted, axis=0) / np.subtract(ACTION.high, ACTION.low)
    assert moved_BA.max() > 0.03  # equal because they look, not because they are stuck


@pytest.mark.parametrize("name", ["cnn", "spherical", "vit"])
def test_one_observation_without_memory_is_what_act_takes(exported, name):
    policy, _, made = exported(name)
    (obs,) = observations(policy, 5, count=1)
    np.testing.assert_allclose(Robot(made.path, 1).chunk(obs)[:, 0], policy.act(obs), atol=1e-5)


@pytest.mark.parametrize("name", ["act", "gru-window"])
def test_a_whole_chunk_is_what_an_actor_carries_out(exported, name):
    policy, _, made = exported(name)
    (obs,) = observations(policy, 2, count=1)
    actor = policy.actor(2, execute=policy.spec.horizon)
    chunk_BHA = Robot(made.path, policy.obs.steps).chunk(obs)
    for action_BA in chunk_BHA.swapaxes(0, 1):
        np.testing.assert_allclose(action_BA, actor.act(obs), atol=1e-5)


def test_cameras_may_be_called_as_operations_are_and_the_state_may_be_missing(tmp_path):
    images = {"view": (24, 24, 3), "wrist cam": (24, 24, 3)}
    path = save(
        tmp_path / "two.safetensors", {"backbone": {"use": "cnn", "cameras": "separate"}, "state": False}, images
    )
    made, policy = export(path, tmp_path / "two.onnx"), load_policy(path)
    assert list(made.inputs) == ["view", "wrist cam"]
    (obs,) = observations(policy, 2, count=1)
    del obs["state"]
    np.testing.assert_allclose(Robot(made.path, 1).chunk(obs)[:, 0], policy.act(obs), atol=1e-5)


def test_it_says_what_it_takes_and_gives(exported):
    made = exported("cnn")[2]
    assert made.inputs == {"front": "uint8 batch x 1 x 24 x 32 x 3", "state": "float32 batch x 1 x 3"}
    assert made.outputs == {"actions": "float32 batch x 1 x 4"}
    assert 0 <= made.difference < 1e-5
    carried = exported("lstm-carry")[2]
    assert [*carried.inputs] == ["front", "state", "memory_0", "memory_1"]
    assert carried.outputs["next_memory_1"] == carried.inputs["memory_1"] == "float32 batch x 1 x 16"


def test_the_file_explains_itself(exported):
    policy, _, made = exported("act")
    about = onnxruntime.InferenceSession(made.path).get_modelmeta()
    notes = about.custom_metadata_map
    assert notes.keys() == {"bczoo", "spec", "obs", "action"}
    assert notes["bczoo"] == version("bczoo")
    assert unstructure(spec_from_table(json.loads(notes["spec"])).policy) == unstructure(policy.spec)
    assert json.loads(notes["obs"]) == {"steps": 2, "images": {"front": [24, 32, 3]}, "state": 3}
    assert json.loads(notes["action"])["high"] == list(ACTION.high)
    assert "the last 2 steps, oldest first" in about.description
    carried = onnxruntime.InferenceSession(exported("gru-carry")[2].path).get_modelmeta()
    assert "memories are zeros at an episode's start" in carried.description


def test_it_is_one_file_that_says_nothing_of_this_machine(exported):
    _, path, made = exported("cnn")
    assert {file.name for file in path.parent.iterdir()} == {"cnn.safetensors", "cnn.onnx"}
    for place in (b"site-packages", b"tests", b".py"):
        assert place not in made.path.read_bytes()


def test_equal_policies_make_equal_files(saved, tmp_path):
    made = [export(saved, tmp_path / name).path.read_bytes() for name in ("a.onnx", "b.onnx")]
    assert made[0] == made[1]


def test_the_command_says_what_it_wrote(saved, call_cli):
    done = call_cli("export", str(saved), "--to", "new.onnx")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["in  state: float32 batch x 1 x 3", "out actions: float32 batch x 1 x 4"]
    assert lines[2].startswith("in ONNX Runtime its actions differ from the policy's by at most ")
    assert lines[3].startswith("file: new.onnx (")
    again = call_cli("export", str(saved), "--to", "new.onnx")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "error: new.onnx exists and will not be overwritten; choose another name, e.g. new-2.onnx\n"


def test_the_command_needs_a_name_to_write_to(call_cli):
    done = call_cli("export", "policy.safetensors")
    assert done.returncode == 2
    assert "Missing option '--to'" in done.stderr
