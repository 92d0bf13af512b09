"""Several processes: the curve of one, no window twice or left out, and a clear end when one of them dies."""

import os
import signal
import subprocess
import sys

import pytest
import torch
from children import finish, start, wait_for
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from bczoo.engine.metrics import read_metrics
from bczoo.engine.order import shares

# Nothing here that a process draws for itself, so that two can be compared with one. Of 329 windows, the last batch
# has 5, of which two processes take 3 and 2.
TABLES = {
    "train": {"epochs": 2, "batch_size": 54, "save_minutes": 0.0, "clip": 1.0},
    "policy": {"steps": 2, "horizon": 3, "head": {"use": "mlp", "hidden": [32], "dropout": 0.0}},
    "data": {"plan": 0, "path": None},
}


@given(size=st.integers(1, 40), processes=st.integers(1, 5), parts=st.integers(1, 6))
def test_the_shares_of_a_batch_are_the_batch(size, processes, parts):
    batch = torch.randperm(size) + 100
    found = [shares(batch, process, processes, parts) for process in range(processes)]
    # Each process runs the policy as often as every other, or those that share its weights would wait for ever.
    assert len({len(share) for share in found}) == 1
    assert all(len(part) for share in found for part, _ in share)
    # A part whose share is 0 only stands in for one that is empty.
    real = [(part, weight) for share in found for part, weight in share if weight]
    assert torch.cat([part for part, _ in real]).tolist() == batch.tolist()
    assert [weight for _, weight in real] == [len(part) / size for part, _ in real]
    lengths = [len(part) for part, _ in real]
    assert max(lengths) - min(lengths) <= max(1, size // processes)


def curve(tmp_path, run):
    rows = read_metrics(tmp_path / "runs" / run / "metrics.jsonl")
    return [(row["train_loss"], row["val_loss"]) for row in rows]


def job(plain, **train):
    tables = {**TABLES, "train": {**TABLES["train"], **train}, "data": {"plan": 0, "path": str(plain.folder)}}
    return {"folder": str(plain.folder), "tables": tables}


@pytest.fixture(scope="module")
def alone(plain, tmp_path_factory):
    """The curve and the weights of one process."""
    cwd = tmp_path_factory.mktemp("alone")
    assert finish(start("train", cwd, run="r", **job(plain))) == [0]
    return curve(cwd, "r"), load_file(cwd / "runs" / "r" / "last.safetensors")


@pytest.mark.parametrize(
    "settings",
    [{}, {"accumulate": 3}, {"shard": True}, {"shard": True, "accumulate": 3}],
    ids=["copies", "in parts", "sharded", "sharded in parts"],
)
def test_two_processes_learn_what_one_learns(plain, tmp_path, alone, settings):
    assert finish(start("train", tmp_path, size=2, run="r", **job(plain, **settings))) == [0, 0]
    for two, one in zip(curve(tmp_path, "r"), alone[0], strict=True):
        assert two == pytest.approx(one, rel=1e-4)
    weights = load_file(tmp_path / "runs" / "r" / "last.safetensors")
    assert weights.keys() == alone[1].keys()
    for name, value in weights.items():
        assert torch.allclose(value, alone[1][name], atol=2e-3), name
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["r"]


@pytest.mark.parametrize("settings", [{}, {"shard": True}], ids=["copies", "sharded"])
def test_two_processes_killed_and_resumed_end_with_the_bits_of_two_undisturbed_ones(plain, tmp_path, settings):
    tables = job(plain, **settings, epochs=4)
    tables["tables"]["policy"] = {"steps": 2, "horizon": 3, "head": {"use": "mlp", "hidden": [32], "dropout": 0.2}}
    assert finish(start("train", tmp_path, size=2, run="whole", **tables)) == [0, 0]
    team = start("train", tmp_path, size=2, run="killed", **tables)
    wait_for(tmp_path / "runs" / "killed" / "metrics.jsonl")
    for process in team:
        os.kill(process.pid, signal.SIGKILL)
    assert finish(team) == [-9, -9]
    assert finish(start("resume", tmp_path, size=2, run="killed", **tables)) == [0, 0]
    for name in ("policy.safetensors", "last.safetensors"):
        whole, killed = (tmp_path / "runs" / run / name for run in ("whole", "killed"))
        assert whole.read_bytes() == killed.read_bytes()


@pytest.mark.parametrize("victim", [0, 1])
def test_when_one_process_dies_the_other_says_so_and_ends(plain, tmp_path, victim):
    team = start("train", tmp_path, size=2, run="r", **job(plain, epochs=5000))
    wait_for(tmp_path / "runs" / "r" / "metrics.jsonl")
    os.kill(team[victim].pid, signal.SIGKILL)
    codes = finish(team)
    assert codes[victim] == -9
    assert codes[1 - victim] == 1
    said = (tmp_path / f"said-{1 - victim}.txt").read_text()
    assert f"error: process {1 - victim} of 2 has lost the others: one of them has died" in said
    assert "Traceback" not in said


def test_a_signal_to_one_process_ends_both_after_the_same_step(plain, tmp_path):
    team = start("train", tmp_path, size=2, run="r", **job(plain, epochs=5000))
    wait_for(tmp_path / "runs" / "r" / "metrics.jsonl")
    os.kill(team[1].pid, signal.SIGTERM)
    assert finish(team) == [143, 143]


def test_weights_are_spread_after_a_frozen_backbone_has_encoded_all_frames(plain, tmp_path):
    backbone = {"use": "timm", "model": "test_resnet", "weights": "none", "freeze": True}
    curves = {}
    for name, size, shard in (("alone", 1, False), ("spread", 2, True)):
        settings = job(plain, shard=shard, save_minutes=1.0, epochs=1)
        settings["tables"]["policy"] = {**TABLES["policy"], "backbone": backbone}
        settings["tables"]["data"]["cache_features"] = True
        assert finish(start("train", tmp_path, size=size, run=name, **settings)) == [0] * size
        curves[name] = curve(tmp_path, name)
    assert curves["spread"] == [pytest.approx(epoch, rel=1e-4) for epoch in curves["alone"]]


def test_any_process_may_end_the_training_of_all_and_their_run_has_one_name(plain, tmp_path):
    settings = job(plain, epochs=50)
    settings["tables"]["callbacks"] = [{"use": "stopper", "rank": 1}]
    # The name of the run is the time, which is later where the second process asks.
    assert finish(start("train", tmp_path, size=2, run=None, apart=1.1, **settings), timeout=60) == [0, 0]
    (run,) = (tmp_path / "runs").iterdir()
    assert len(curve(tmp_path, run.name)) == 1
    for rank in (0, 1):
        assert f"left in runs/{run.name}\n" in (tmp_path / f"said-{rank}.txt").read_text()


@pytest.mark.slow
def test_the_documented_command_trains_with_two_processes(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "bczoo"]
    command += ["train", "--spec", "bc_cnn.toml", "--run-name", "two", "--quiet", "--set", "data.demos=4"]
    command += ["--set", "train.epochs=1", "--set", "eval.episodes=2", "--set", "eval.videos=0"]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("parameters on") == 1  # one process speaks for both
    assert (tmp_path / "runs" / "two" / "eval.json").exists()
