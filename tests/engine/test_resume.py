"""Never lose work: a run that was killed, interrupted or cut off ends with the bits of one that was not."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch
from children import finish, start, wait_for
from listening import PowerCut, at, die
from safetensors.torch import load_file
from specs import ACT, CHANCY, toy_spec

from bczoo.engine.experiment import resume, train
from bczoo.engine.metrics import read_metrics
from bczoo.engine.parts import Backbone
from bczoo.errors import BczooError

RESULTS = ("policy.safetensors", "last.safetensors")
PLATEAU = {**CHANCY, "train": {**CHANCY["train"], "schedule": {"use": "plateau", "patience": 0, "threshold": 0.5}}}
KILLS = int(os.environ.get("BCZOO_KILLS", "20"))


def results(folder, run):
    return {name: (Path(folder) / "runs" / run / name).read_bytes() for name in RESULTS}


@pytest.mark.parametrize("tables", [CHANCY, PLATEAU], ids=["cosine", "plateau"])
def test_wherever_a_run_is_cut_the_resumed_one_has_the_bits_of_the_whole(folder, runs, crash, tables):
    spec = toy_spec(folder, **tables)
    train(spec, run="whole", show=False)
    steps = read_metrics(runs / "whole" / "metrics.jsonl")[-1]["step"]
    # Before the first save, within an epoch, at an epoch's last and first step, and at the very end.
    for step in (1, 2, steps // 3, steps // 3 + 1, steps // 2, steps):
        crash(spec, f"cut{step}", step)
        resume(runs / f"cut{step}", show=False)
        assert results(runs.parent, f"cut{step}") == results(runs.parent, "whole")
        told = [(row["epoch"], row["train_loss"]) for row in read_metrics(runs / f"cut{step}" / "metrics.jsonl")]
        assert told == [(row["epoch"], row["train_loss"]) for row in read_metrics(runs / "whole" / "metrics.jsonl")]


def test_a_run_cut_off_after_its_last_step_makes_no_further_one(folder, runs, crash):
    spec = toy_spec(folder, train={"epochs": None, "steps": 5, "batch_size": 32, "save_minutes": 0.0})
    train(spec, run="whole", show=False)
    crash(spec, "cut", 5, hook="bczoo_validate_start")
    resume(runs / "cut", show=False)
    assert results(runs.parent, "cut") == results(runs.parent, "whole")
    assert [row["step"] for row in read_metrics(runs / "cut" / "metrics.jsonl")] == [5]


def test_what_penalties_have_added_so_far_is_saved_too(folder, runs, crash):
    train_ = {"epochs": 2, "batch_size": 64, "save_minutes": 0.0}
    spec = toy_spec(folder, train=train_, policy={"horizon": 3, "temporal": ACT})
    train(spec, run="whole", show=False)
    crash(spec, "cut", 5)
    resume(runs / "cut", show=False)
    whole, cut = (read_metrics(runs / run / "metrics.jsonl") for run in ("whole", "cut"))
    assert [row["train_penalty_kl"] for row in cut] == [row["train_penalty_kl"] for row in whole]


def test_a_resumed_run_still_knows_what_weights_it_began_with(folder, runs, crash, overheard, monkeypatch):
    def load(backbone, options):
        backbone.used_weights = "somewhere"
        return options

    spec = toy_spec(folder, **CHANCY)
    with monkeypatch.context() as patch:
        patch.setattr(Backbone, "load_pretrained", load)
        crash(spec, "cut", 4)
    heard = []
    with overheard(at(5, lambda run: heard.append(run.facts["weights"]))):
        resume(runs / "cut", show=False)
    assert heard == ["somewhere"]


@pytest.mark.slow
def test_killed_at_twenty_random_moments_and_resumed_the_bits_are_those_of_an_undisturbed_run(folder, tmp_path):
    job = {"folder": str(folder), "tables": {**CHANCY, "train": {**CHANCY["train"], "epochs": 60}}}
    assert finish(start("train", tmp_path, run="whole", **job)) == [0]
    killed, moments, work = tmp_path / "runs" / "killed", random.Random(0), "train"
    for kill in range(KILLS):
        before = _newest(killed)
        (process,) = start(work, tmp_path, run="killed", **job)
        # Most kills come after some progress, or the run would never end; the others while it is starting.
        while moments.random() < 0.8 and _newest(killed) == before:
            time.sleep(0.01)
        time.sleep(moments.uniform(0.0, 0.2))
        assert process.exitcode is None, f"over after {kill} kills"
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        work = "resume" if (killed / "spec.toml").exists() else "train"
        if work == "train" and killed.exists():
            killed.rename(tmp_path / "runs" / f"nothing{kill}")
    assert finish(start(work, tmp_path, run="killed", **job)) == [0]
    assert results(tmp_path, "killed") == results(tmp_path, "whole")


def _newest(run):
    return max((path.name for path in run.glob("state/step-*")), default="")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_run_after_its_step_with_its_state_saved(folder, tmp_path, number, code):
    job = {"folder": str(folder), "tables": {"train": {"epochs": 2000, "steps": 4000}}, "run": "r"}
    (process,) = start("train", tmp_path, **job)
    said = tmp_path / "said-0.txt"
    wait_for(tmp_path / "runs" / "r" / "metrics.jsonl")
    os.kill(process.pid, number)
    assert finish([process]) == [code]
    assert f"error: {signal.Signals(number).name} after step " in said.read_text()
    assert "bczoo train --resume runs/r" in said.read_text()
    assert list((tmp_path / "runs" / "r" / "state").iterdir())
    before = (tmp_path / "runs" / "r" / "metrics.jsonl").read_text()
    (process,) = start("resume", tmp_path, **job)
    wait_for(tmp_path / "runs" / "r" / "metrics.jsonl", before)
    os.kill(process.pid, number)
    assert finish([process]) == [code]


def test_a_damaged_state_is_passed_over_for_the_one_before_it(folder, runs, crash, caplog):
    spec = toy_spec(folder, **CHANCY)
    train(spec, run="whole", show=False)
    crash(spec, "cut", 8)
    newest = max((runs / "cut" / "state").iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])
    resume(runs / "cut", show=False)
    assert f"{newest.name} cannot be used" in caplog.text
    assert results(runs.parent, "cut") == results(runs.parent, "whole")


def test_only_the_last_states_are_kept_and_none_of_a_finished_run(folder, runs, crash):
    spec = toy_spec(folder, **{**CHANCY, "train": {**CHANCY["train"], "keep": 3}})
    crash(spec, "cut", 8)
    assert [path.name for path in sorted((runs / "cut" / "state").iterdir())] == [
        f"step-{step:09d}.safetensors" for step in (5, 6, 7)
    ]
    resume(runs / "cut", show=False)
    assert not (runs / "cut" / "state").exists()


def test_a_run_killed_while_it_is_judged_is_only_judged_again(folder, runs, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("bczoo.engine.experiment.judge", die)
        with pytest.raises(PowerCut):
            train(toy_spec(folder), run="r", show=False)
    before = results(runs.parent, "r")
    assert resume("runs/r", show=False).report.episodes == 6
    assert results(runs.parent, "r") == before


def test_a_full_disk_is_told_in_a_sentence_and_what_was_saved_before_is_good(folder, tmp_path):
    job = {"folder": str(folder), "tables": CHANCY}
    assert finish(start("train", tmp_path, run="whole", **job)) == [0]
    # Room for metrics and logs, but not for weights.
    assert finish(start("train", tmp_path, run="full", limit=20_000, **job)) == [1]
    said = (tmp_path / "said-0.txt").read_text()
    assert "error: cannot write runs/full/state/step-000000001.safetensors" in said
    assert "Traceback" not in said
    assert finish(start("resume", tmp_path, run="full", **job)) == [0]
    assert results(tmp_path, "full") == results(tmp_path, "whole")


def test_lost_demonstrations_are_named_and_a_restored_file_lets_the_run_go_on(copy, runs, crash):
    spec = toy_spec(copy, **CHANCY)
    train(spec, run="whole", show=False)
    crash(spec, "cut", 8)
    shard = min(copy.glob("shard-*"))
    away = shard.rename(copy.parent / "away")
    with pytest.raises(BczooError, match=shard.name):
        resume(runs / "cut", show=False)
    away.rename(shard)
    resume(runs / "cut", show=False)
    assert results(runs.parent, "cut") == results(runs.parent, "whole")


def test_states_hold_no_weights_that_are_not_finite(folder, runs, overheard):
    with (
        overheard(at(6, lambda run: next(run.policy.parameters()).data.fill_(torch.inf))),
        pytest.raises(
            BczooError, match=r"training diverged: weights .* are no finite numbers after step 6, in epoch 1"
        ),
    ):
        train(toy_spec(folder, **CHANCY), run="r", show=False)
    states = sorted((runs / "r" / "state").iterdir())
    assert [path.name for path in states] == ["step-000000004.safetensors", "step-000000005.safetensors"]
    for path in states:
        weights = {name: value for name, value in load_file(path).items() if name.startswith("state.model.")}
        assert len(weights) > 5
        assert all(value.isfinite().all() for value in weights.values())
