"""Policy files: whole, self-describing, and distrusted when read."""

import os

import attrs
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from specs import toy_spec
from test_policy import ready

import bczoo
from bczoo.engine.assembly import assemble
from bczoo.engine.checkpoint import POLICY, load_policy, load_with_spec, read_header, save_policy
from bczoo.engine.tensor_file import read_tensors, write_tensors
from bczoo.errors import BczooError, InputError
from bczoo.shapes import Action, Obs

OBS = Obs(steps=1, images={"front": (6, 8, 3)}, state=4)
ACTION = Action(size=2, low=(-1.0, -1.0), high=(1.0, 1.0))


@pytest.fixture
def saved(tmp_path, toy_zoo):
    spec = toy_spec("demos")
    policy = ready(spec.policy, OBS, ACTION)
    path = tmp_path / "policy.safetensors"
    save_policy(path, policy, spec, {"epoch": 3})
    return path, policy, spec


def observation():
    rng = np.random.default_rng(1)
    return {"front": rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), "state": rng.normal(size=4)}


def test_a_policy_comes_back_with_its_spec_and_acts_the_same(saved):
    path, policy, spec = saved
    loaded, spec_again = load_with_spec(path)
    assert spec_again == spec
    np.testing.assert_array_equal(loaded.act(observation()), policy.act(observation()))
    assert not loaded.training


def test_load_policy_is_public(saved):
    assert bczoo.load_policy(saved[0]).act(observation()).shape == (2,)


def test_the_header_says_what_was_used(saved):
    header = read_header(saved[0])
    assert header["info"] == {"epoch": 3}
    assert header["plugins"]["backbone cnn"].startswith("bczoo ")
    assert header["plugins"]["env toy"] == "toys 1.0"
    assert {"loss huber", "optimizer Adam", "schedule plateau"} <= header["plugins"].keys()
    assert set(header["versions"]) == {"bczoo", "torch"}


def test_equal_policies_make_equal_files(saved, tmp_path):
    path, policy, spec = saved
    save_policy(tmp_path / "again.safetensors", policy, spec, {"epoch": 3})
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_a_failed_save_leaves_the_last_good_file(saved, monkeypatch):
    path, policy, spec = saved
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(BczooError, match="No space left"):
        save_policy(path, policy, spec)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_policy_without_statistics_is_refused_when_loaded(saved, tmp_path):
    _, _, spec = saved
    path = tmp_path / "bare.safetensors"
    save_policy(path, assemble(spec.policy, OBS, ACTION), spec)
    with pytest.raises(BczooError, match=r"bare\.safetensors: .*statistics are missing"):
        bczoo.load_policy(path)


def rewrite(path, change):
    """Write the file again with a changed header, and the checksum of that."""
    header, tensors = read_tensors(path, POLICY)
    change(header)
    write_tensors(path, attrs.evolve(POLICY, format=header["format"]), tensors, header)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda header: header.update(format=99), "format 99"),
        (lambda header: header["obs"].update(state=7), "do not fit"),
        (lambda header: header.pop("obs"), "do not fit"),
        (lambda header: header["obs"]["images"].update(front=[6]), "do not fit"),
        (lambda header: header["action"].update(size=5), "do not fit"),
        (lambda header: header["spec"]["policy"]["head"].update(hidden=[2**50]), "do not fit"),  # no such memory
        (lambda header: header["spec"]["policy"]["head"].update(hidden=[31]), "do not fit"),
        (lambda header: header["spec"]["policy"].update(backbone={"use": "nope"}), "no backbone called 'nope'"),
        (lambda header: header.update(spec=[]), "expected a table"),
        (lambda header: header["obs"].update(steps=2), "obs.steps is 2, but policy.steps 1"),
        (lambda header: header["obs"]["images"].update(front=[1, 8, 3]), r"backbone 'cnn' .*does not take"),
        (lambda header: header["obs"]["images"].update({f"{i}": [6, 8, 3] for i in range(99)}), "there can be 64"),
        (lambda header: header["action"].update(low=[0.0]), "action.size numbers each"),
        (lambda header: header["action"].update(low=["x", 0.0]), "action.low.0: expected a number"),
        (lambda header: header.update(info=[]), "do not fit"),
    ],
)
def test_a_header_that_does_not_fit_the_weights_is_refused(saved, change, says):
    rewrite(saved[0], change)
    with pytest.raises(BczooError, match=says):
        bczoo.load_policy(saved[0])


def test_a_file_that_bczoo_did_not_write_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(BczooError, match="not one that bczoo wrote"):
        bczoo.load_policy(path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, (2**62).to_bytes(8, "little") + b"{}", b"PK\x03\x04" * 9])
def test_a_file_that_is_something_else_is_refused_without_a_huge_allocation(tmp_path, content):
    path = tmp_path / "junk.safetensors"
    path.write_bytes(content)
    with pytest.raises(BczooError, match="not a policy file"):
        bczoo.load_policy(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BczooError, match="no such file"):
        bczoo.load_policy(tmp_path / "nowhere.safetensors")


def test_a_policy_may_act_in_half_the_precision(saved):
    path, policy, _ = saved
    rounded = load_policy(path, precision="bf16")
    one, two = policy.act(observation()), rounded.act(observation())
    assert two.dtype == np.float32
    assert not np.array_equal(one, two)
    np.testing.assert_allclose(two, one, atol=0.05)  # of a range of 2
    with pytest.raises(InputError, match="acts in fp32 or bf16"):
        load_policy(path, precision="fp8")
