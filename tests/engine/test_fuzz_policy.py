"""Nothing that a policy file can hold hurts: it makes a policy that acts, or is refused with a sentence."""

import json

import attrs
import numpy as np
import pytest
import torch
from fuzzing import broken, cases, container, outcome, spoilt
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save
from specs import TOY_PLUGIN, toy_spec
from test_checkpoint import ACTION, OBS
from test_policy import ready

from bczoo.engine.checkpoint import POLICY, load_policy, load_with_spec, read_header, save_policy
from bczoo.engine.tensor_file import read_tensors, sealed
from bczoo.registry import zoo

PARTS = {
    "state": {"backbone": {"use": "none"}},
    "images": {"backbone": {"use": "cnn", "pool": "flatten"}, "temporal": {"use": "gru", "hidden": 3}, "horizon": 2},
    "chunks": {
        "backbone": {"use": "none"},
        "temporal": {
            "use": "act",
            "d_model": 4,
            "heads": 2,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "dim_feedforward": 2,
            "cvae": True,
            "latent": 1,
        },
        "horizon": 3,
    },
    "past": {
        "backbone": {"use": "none"},
        "temporal": {"use": "transformer", "d_model": 4, "heads": 1, "layers": 1},
        "steps": 3,
    },
}


@attrs.frozen(repr=False)  # or a failing case would be shown with all of its bytes
class Whole:
    """A good file."""

    content: bytes
    header: dict
    tensors: dict


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes, header and tensors of a good file with each of the PARTS."""
    zoo.cache_clear()
    zoo().add(TOY_PLUGIN, "toys", "toys", "1.0")
    files = {}
    path = tmp_path_factory.mktemp("whole") / "policy.safetensors"
    for name, parts in PARTS.items():
        spec = toy_spec("demos", policy={"head": {"use": "mlp", "hidden": [2]}, **parts})
        obs = OBS if name == "images" else type(OBS)(steps=spec.policy.steps, images={}, state=4)
        policy = ready(spec.policy, obs, ACTION)
        save_policy(path, policy, spec, {"epoch": 3})
        files[name] = Whole(path.read_bytes(), *read_tensors(path, POLICY))
    yield files
    zoo.cache_clear()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "fuzzed.safetensors"


def acts(policy):
    """Whether a loaded policy is one that can be used; not tried with images that would take all memory."""
    if sum(height * width for height, width, _ in policy.obs.images.values()) > 10**6:
        return True
    observation = {name: np.zeros((1, *shape), np.uint8) for name, shape in policy.obs.images.items()}
    action = policy.actor().act(observation | {"state": np.zeros((1, policy.obs.state), np.float32)})
    return action.shape == (1, policy.action.size)


some = st.sampled_from(list(PARTS))


@cases(300)
@given(st.data())
def test_damage_anywhere_is_noticed(whole, path, data):
    file = whole[data.draw(some)]
    content = file.content
    beginning = 8 + int.from_bytes(content[:8], "little")
    end = data.draw(st.sampled_from([8, beginning, len(content)]))
    path.write_bytes(data.draw(broken(content, 0, end)))
    found = outcome(lambda path: read_tensors(path, POLICY), path)
    # What is still read is what was written: a flip among the spaces, say.
    if found is not None:
        assert found[0] == file.header
        assert all(torch.equal(found[1][name], value) for name, value in file.tensors.items())
    outcome(load_policy, path)


@cases(400)
@given(st.data())
def test_a_lying_header_is_refused_or_the_policy_acts(whole, path, data):
    file = whole[data.draw(some)]
    header = data.draw(spoilt(file.header))
    path.write_bytes(save(file.tensors, {"bczoo": json.dumps(sealed(header, file.tensors))}))
    loaded = outcome(load_with_spec, path)
    assert loaded is None or acts(loaded[0])


@cases(200)
@given(st.data())
def test_a_lying_table_of_tensors_is_refused(whole, path, data):
    content = whole["state"].content
    length = int.from_bytes(content[:8], "little")
    table = data.draw(spoilt(json.loads(content[8 : 8 + length])))
    path.write_bytes(container(table, content[8 + length :], data.draw(st.sampled_from([b"", b" ", b"\0"]))))
    outcome(load_policy, path)
    outcome(read_header, path)


@cases(50)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\x20" + bytes(7), b"\xff" * 8, b"\xff" * 7 + b"\x7f"]))
def test_random_bytes_are_refused(path, content, start):
    path.write_bytes(start + content)
    assert outcome(load_policy, path) is None


@cases(100)
@given(st.data())
def test_tensors_other_than_those_of_the_spec_are_refused_or_act(whole, path, data):
    file = whole[data.draw(some)]
    name = data.draw(st.sampled_from(sorted(file.tensors)))
    value = file.tensors[name]
    others = [value.double(), value.half(), value.to(torch.int64), value[None], value[:0], value * torch.nan]
    changed = {**file.tensors, name: data.draw(st.sampled_from(others))}
    path.write_bytes(save(changed, {"bczoo": json.dumps(sealed(file.header, changed))}))
    loaded = outcome(load_policy, path)
    assert loaded is None or acts(loaded)
