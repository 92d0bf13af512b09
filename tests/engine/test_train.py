"""The trainer: padding never counts, the same seed gives the same bits, and nothing half-done is left."""

import json
import time
from importlib.metadata import version
from pathlib import Path

import attrs
import pytest
import torch
from children import start
from safetensors.torch import load_file
from specs import toy_spec
from toy_env import ToyEnv, edit_meta

import bczoo
from bczoo.card import component
from bczoo.engine.experiment import train
from bczoo.engine.metrics import read_metrics
from bczoo.engine.order import plan_steps, steps_per_epoch
from bczoo.engine.step import masked_sum
from bczoo.errors import BczooError, InputError
from bczoo.hooks import hookimpl


def test_padding_counts_neither_above_nor_below_the_line():
    loss = torch.tensor([[1.0, 3.0], [5.0, 1e9]])
    mask = torch.tensor([[True, True], [True, False]])
    assert (masked_sum(loss, mask) / mask.sum()).item() == 3.0


@pytest.mark.parametrize(("epochs", "steps", "expected"), [(3, None, 30), (None, 7, 7), (3, 7, 7), (1, 70, 10)])
def test_training_ends_at_the_first_of_both_limits(epochs, steps, expected):
    assert plan_steps(epochs, steps, 10) == expected


def test_an_epoch_covers_every_window_once():
    assert steps_per_epoch(windows=65, batch_size=32) == 3
    assert steps_per_epoch(windows=64, batch_size=16) == 4


def test_a_run_leaves_everything_a_reader_wants(folder, runs):
    result = train(toy_spec(folder, eval={"videos": 0}), run="one", show=False)
    assert result.folder == Path("runs/one")
    names = {path.name for path in result.folder.iterdir()}
    assert names == {
        "spec.toml",
        "versions.json",
        "metrics.jsonl",
        "curves.png",
        "policy.safetensors",
        "last.safetensors",
        "eval.json",
    }
    rows = read_metrics(result.folder / "metrics.jsonl")
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[1]["train_loss"] < rows[0]["train_loss"]
    assert json.loads((result.folder / "eval.json").read_text())["success_rate"] == result.report.success_rate
    assert (result.folder / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_written_spec_is_complete_and_trains_the_same_policy(folder, runs):
    train(toy_spec(folder), run="first", show=False)
    train("runs/first/spec.toml", run="second", show=False)
    one, two = (load_file(runs / name / "policy.safetensors") for name in ("first", "second"))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_the_same_seed_gives_the_same_files_and_another_seed_others(folder, runs):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(toy_spec(folder, seed=seed), run=name, show=False)
    files = {name: (runs / name / "last.safetensors").read_bytes() for name in "abc"}
    assert files["a"] == files["b"]
    assert files["a"] != files["c"]


def test_the_best_checkpoint_is_the_one_with_the_lowest_validation_loss(folder, runs):
    # A rate this high overshoots, so that the last epoch is not the best.
    optimizer = {"use": "Adam", "lr": 0.1}
    train(toy_spec(folder, train={"epochs": 5, "optimizer": optimizer}), run="r", show=False)
    from bczoo.engine.checkpoint import read_header

    best = min(read_metrics(runs / "r" / "metrics.jsonl"), key=lambda row: row["val_loss"])
    assert read_header(runs / "r" / "policy.safetensors")["info"]["epoch"] == best["epoch"]
    assert read_header(runs / "r" / "last.safetensors")["info"]["epoch"] == 5


def test_an_existing_run_is_never_overwritten(folder, runs):
    (runs / "mine").mkdir(parents=True)
    (runs / "mine" / "precious").write_text("work")
    with pytest.raises(InputError, match="runs/mine exists and will not be overwritten"):
        train(toy_spec(folder), run="mine", show=False)
    assert [path.name for path in (runs / "mine").iterdir()] == ["precious"]


@pytest.mark.parametrize("name", ["../out", "a/b", "..", "/tmp/x"])
def test_a_run_name_cannot_lead_elsewhere(folder, runs, name):
    with pytest.raises(InputError, match="plain name"):
        train(toy_spec(folder), run=name, show=False)


def test_divergence_is_said_and_earlier_checkpoints_stay(folder, runs):
    optimizer = {"use": "SGD", "lr": 1e30}
    with pytest.raises(BczooError, match=r"training diverged.*epoch 1.*lower train\.optimizer\.lr"):
        train(toy_spec(folder, train={"optimizer": optimizer}, policy={"normalize_state": False}), run="r", show=False)
    assert not (runs / "r" / "policy.safetensors").exists()


def test_absent_demonstrations_are_collected_first(runs, tmp_path):
    spec = toy_spec(tmp_path / "new", data={"demos": 3, "plan": 0})
    train(spec, run="r", show=False)
    assert (tmp_path / "new" / "meta.json").exists()


def test_demonstrations_of_another_env_are_refused_before_a_run_is_made(folder, runs):
    spec = toy_spec(folder, env={"use": "toy", "cameras": ["side"]})
    with pytest.raises(BczooError, match="camera 'side' is missing there"):
        train(spec, run="r", show=False)
    assert not runs.exists()


def test_demonstrations_with_other_bounds_of_actions_are_refused(copy, runs):
    edit_meta(copy, lambda meta: meta["action"].update(low=[-5.0, -1.0]))
    told = r"actions lie between \[-5.0, -1.0\] and \[1.0, 1.0\] there, but between \[-1.0, -1.0\] and \[1.0, 1.0\] in"
    with pytest.raises(BczooError, match=told):
        train(toy_spec(copy), run="r", show=False)
    assert not runs.exists()


def test_overrides_of_a_spec_that_is_made_already_are_refused_and_not_ignored(folder, runs):
    with pytest.raises(InputError, match=r"a Spec is changed with attrs\.evolve"):
        train(toy_spec(folder), run="r", overrides=["train.epochs=1"], show=False)


def test_versions_name_what_brought_the_parts_and_what_simulates(folder, runs, monkeypatch):
    monkeypatch.setattr(ToyEnv, "simulators", ("pluggy",), raising=False)
    result = train(toy_spec(folder, train={"epochs": 1}), run="r", show=False)
    versions = json.loads((result.folder / "versions.json").read_text())["versions"]
    assert versions["toys"] == "1.0"  # the toy env's plugin
    assert (versions["bczoo"], versions["pluggy"]) == (version("bczoo"), version("pluggy"))


@component("callback", "spy", f"{__name__}:Spy")
class SpyOptions:
    """Writes down every call."""


CALLS: list[str] = []


class Spy:
    """Stops the run after two epochs."""

    def __init__(self, options):
        CALLS.clear()

    @hookimpl
    def bczoo_fit_start(self, run):
        CALLS.append(f"start of {run.total_steps}")

    @hookimpl
    def bczoo_step_end(self, run):
        assert run.loss is not None
        CALLS.append("step")

    @hookimpl
    def bczoo_checkpoint(self, path):
        CALLS.append(Path(path).name)

    @hookimpl
    def bczoo_epoch_end(self, run, metrics):
        CALLS.append(f"epoch {metrics['epoch']}")
        if metrics["epoch"] == 2:
            run.stop = "enough"

    @hookimpl
    def bczoo_fit_end(self):
        CALLS.append("end")

    @hookimpl
    def bczoo_eval_end(self, report):
        CALLS.append(f"judged on {report['episodes']}")


def test_observers_see_the_whole_life_of_a_run_and_can_end_it(folder, runs):
    spec = attrs.evolve(toy_spec(folder, train={"epochs": 9, "batch_size": 500}), callbacks=(SpyOptions(),))
    train(spec, run="r", show=False)
    assert [
        "start of 9",
        *("step", "epoch 1", "step", "epoch 2"),
        *("last.safetensors", "policy.safetensors"),  # so short a run is saved once, at its end
        "end",
        "judged on 6",
    ] == CALLS


def test_early_stop_ends_a_run_that_no_longer_improves(folder, runs):
    spec = toy_spec(
        folder,
        train={"epochs": 50, "optimizer": {"use": "SGD", "lr": 1e-12}},
        callbacks=[{"use": "early_stop", "patience": 2, "min_delta": 1e-3}],
    )
    train(spec, run="r", show=False)
    assert len(read_metrics(runs / "r" / "metrics.jsonl")) == 3


def test_killed_while_training_no_half_written_file_is_taken_for_a_whole_one(folder, tmp_path):
    endless = {"train": {"epochs": 10000, "save_minutes": 0.0}}
    last = tmp_path / "runs" / "r" / "last.safetensors"
    for wait in (0.0, 0.05, 0.2):
        [process] = start("train", tmp_path, folder=str(folder), run="r", tables=endless)
        deadline = time.monotonic() + 90
        while not last.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(wait)
        process.kill()
        process.join()
        for path in last.parent.iterdir():
            if path.suffix == ".safetensors":
                assert all(value.isfinite().all() for value in load_file(path).values())
        assert all(path.name.startswith(".") for path in last.parent.iterdir() if path.suffix == ".tmp")
        read_metrics(last.parent / "metrics.jsonl")
        last.parent.rename(tmp_path / f"done{wait}")


def test_training_is_public():
    assert bczoo.train is train


def test_a_device_that_accelerate_will_not_change_to_is_an_error_not_a_surprise():
    from bczoo.engine.setup import new_accelerator

    new_accelerator(torch.device("cpu"))
    with pytest.raises(BczooError, match=r"already trained on cpu.*start another process to train on mps"):
        new_accelerator(torch.device("mps"))


def test_the_backbone_may_learn_at_a_rate_of_its_own(folder, runs):
    spec = toy_spec(folder, train={"epochs": 1, "backbone_lr": 1e-30})
    train(spec, run="slow", show=False)
    train(attrs.evolve(spec, train=attrs.evolve(spec.train, epochs=2)), run="slower", show=False)
    one, two = (load_file(runs / name / "last.safetensors") for name in ("slow", "slower"))
    backbone = [name for name in one if name.startswith("backbone.")]
    assert backbone
    assert all(torch.equal(one[name], two[name]) for name in backbone)
    assert not torch.equal(one["head.layers.0.weight"], two["head.layers.0.weight"])


def test_a_rate_for_a_backbone_that_does_not_learn_is_told_to_be_idle(folder, runs, caplog):
    backbone = {"use": "timm", "model": "test_resnet", "weights": "none", "freeze": True}
    train(
        toy_spec(folder, train={"epochs": 1, "backbone_lr": 1e-3}, policy={"backbone": backbone}), run="r", show=False
    )
    assert "train.backbone_lr = 0.001 changes nothing: backbone 'timm' does not learn" in caplog.text
