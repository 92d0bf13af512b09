"""What a run records of the weights it started from, and runs of policies that see no image."""

import json
import socket

import pytest
import torch
from specs import toy_spec

from bczoo.engine.checkpoint import load_policy, load_with_spec, read_header, save_policy
from bczoo.engine.experiment import train
from bczoo.errors import BczooError
from bczoo.specfile import load_spec

TINY = {"use": "timm", "model": "test_resnet", "image_size": 32}


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """No network, and caches without weights."""

    def nobody(*_, **__):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf"))


def with_backbone(folder, table, **policy):
    head = {"use": "mlp", "hidden": [32]}
    return toy_spec(folder, policy={"backbone": table, "head": head, **policy}, train={"epochs": 1})


def test_a_run_records_that_auto_found_nothing(folder, runs, offline, caplog):
    train(with_backbone(folder, TINY), run="r", show=False)
    assert "NO PRETRAINED WEIGHTS" in caplog.text
    assert load_spec(runs / "r" / "spec.toml").policy.backbone.weights == "none"
    assert json.loads((runs / "r" / "versions.json").read_text())["weights"] == "none"
    header = read_header(runs / "r" / "policy.safetensors")
    assert (header["info"]["weights"], header["spec"]["policy"]["backbone"]["weights"]) == ("none", "none")


def test_a_run_records_the_file_it_started_from(folder, runs, offline, tmp_path):
    import timm
    from safetensors.torch import save_file

    path = tmp_path / "own.safetensors"
    save_file(timm.create_model("test_resnet").state_dict(), path)
    train(with_backbone(folder, {**TINY, "weights": str(path), "freeze": True}), run="r", show=False)
    used = json.loads((runs / "r" / "versions.json").read_text())["weights"]
    assert used.startswith(f"{path} sha256:")
    path.unlink()  # a policy file needs nothing but itself
    policy, spec = load_with_spec(runs / "r" / "policy.safetensors")
    assert policy.backbone.used_weights == used
    assert spec.policy.backbone.weights == str(path)


def test_imagenet_weights_that_cannot_be_had_stop_a_run_before_it_starts(folder, runs, offline):
    with pytest.raises(BczooError, match=r"weights = \"imagenet\": timm/test_resnet\S+ is not in"):
        train(with_backbone(folder, {**TINY, "weights": "imagenet"}), run="r", show=False)
    assert not (runs / "r").exists()


def test_a_policy_of_imagenet_weights_is_read_without_them(folder, runs, offline, tmp_path):
    from bczoo.engine import normalize
    from bczoo.engine.policy import Policy
    from bczoo.shapes import Action, Obs

    spec = with_backbone(folder, {**TINY, "weights": "imagenet"})
    policy = Policy(
        spec.policy, Obs(steps=1, images={"front": (6, 8, 3)}, state=4), Action(size=2, low=(-1, -1), high=(1, 1))
    )
    normalize.fit(policy.normalizer, None)
    save_policy(tmp_path / "p.safetensors", policy, spec)
    again = load_policy(tmp_path / "p.safetensors")
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in policy.state_dict().items())


@pytest.mark.parametrize("steps", [1, 3])
def test_a_policy_trains_and_acts_on_the_state_alone(folder, runs, steps):
    spec = with_backbone(folder, {"use": "none"}, steps=steps, horizon=2)
    result = train(spec, run="r", show=False)
    assert result.report.episodes == 6
    policy = load_policy(runs / "r" / "policy.safetensors")
    assert policy.obs.images == {}
    batch = {"state": torch.zeros(3, 4).numpy()}
    if steps == 1:
        assert policy.act(batch).shape == (3, 2)
        assert policy.act({"state": batch["state"][0]}).shape == (2,)
    assert policy.actor(slots=3, execute=2).act(batch).shape == (3, 2)


def test_a_policy_without_images_and_state_is_refused(folder, runs):
    with pytest.raises(BczooError, match="would see nothing"):
        train(with_backbone(folder, {"use": "none"}, state=False), run="r", show=False)
    assert not (runs / "r").exists()
