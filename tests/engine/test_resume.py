"""Never lose work: a run that was killed, interrupted or cut off ends with the bits of one that was not."""

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
from children import finish, start
from safetensors.torch import load_file
from specs import toy_spec

from bczoo.engine import experiment
from bczoo.engine.experiment import resume, train
from bczoo.engine.journal import read_metrics
from bczoo.errors import BczooError, InputError
from bczoo.hooks import hookimpl

RESULTS = ("policy.safetensors", "last.safetensors")
# Chance and memory everywhere: dropout, augmentation, stretches, averaged weights, schedules by steps and by epochs.
TABLES = {
    "train": {
        "epochs": 3,
        "batch_size": 64,
        "save_minutes": 0.0,
        "clip": 1.0,
        "accumulate": 2,
        "schedule": {"use": "cosine"},
    },
    "policy": {"steps": 2, "horizon": 3},
    "data": {"stretch": 3, "augment": [{"use": "shift", "pixels": 1}, {"use": "state_noise", "std": [0.1]}]},
    "callbacks": [{"use": "ema", "decay": 0.9}, {"use": "early_stop", "patience": 50}],
}
PLATEAU = {**TABLES, "train": {**TABLES["train"], "schedule": {"use": "plateau", "patience": 0, "threshold": 0.5}}}
KILLS = int(os.environ.get("BCZOO_KILLS", "20"))


def results(folder, run):
    return {name: (Path(folder) / "runs" / run / name).read_bytes() for name in RESULTS}


class Crash:
    """Dies as a power cut would, in the middle of a step."""

    def __init__(self, step):
        self.step = step

    @hookimpl
    def bczoo_step_end(self, run):
        if run.step == self.step:
            raise SystemError("power cut")


@pytest.fixture
def crash(monkeypatch):
    """Train `spec` as run `name` until it dies at step `step`."""

    def run(spec, name, step):
        real = experiment.observers
        with monkeypatch.context() as patch:
            patch.setattr(experiment, "observers", lambda callbacks: real([*callbacks, Crash(step)]))
            with pytest.raises(SystemError):
                train(spec, run=name, show=False)

    return run


@pytest.mark.parametrize("tables", [TABLES, PLATEAU], ids=["cosine", "plateau"])
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


@pytest.mark.slow
def test_killed_at_twenty_random_moments_and_resumed_the_bits_are_those_of_an_undisturbed_run(folder, tmp_path):
    job = {"folder": str(folder), "tables": {**TABLES, "train": {**TABLES["train"], "epochs": 60}}}
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
    _wait_for(tmp_path / "runs" / "r" / "metrics.jsonl")
    os.kill(process.pid, number)
    assert finish([process]) == [code]
    assert f"error: {signal.Signals(number).name} after step " in said.read_text()
    assert "bczoo train --resume runs/r" in said.read_text()
    assert list((tmp_path / "runs" / "r" / "state").iterdir())
    before = (tmp_path / "runs" / "r" / "metrics.jsonl").read_text()
    (process,) = start("resume", tmp_path, **job)
    _wait_for_more(tmp_path / "runs" / "r" / "metrics.jsonl", before)
    os.kill(process.pid, number)
    assert finish([process]) == [code]


def _wait_for(path):
    _wait_for_more(path, "")


def _wait_for_more(path, text):
    deadline = time.monotonic() + 60
    while not path.exists() or len(path.read_text()) <= len(text):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_damaged_state_is_passed_over_for_the_one_before_it(folder, runs, crash, caplog):
    spec = toy_spec(folder, **TABLES)
    train(spec, run="whole", show=False)
    crash(spec, "cut", 8)
    newest = max((runs / "cut" / "state").iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])
    resume(runs / "cut", show=False)
    assert f"{newest.name} cannot be used" in caplog.text
    assert results(runs.parent, "cut") == results(runs.parent, "whole")


def test_only_the_last_states_are_kept_and_none_of_a_finished_run(folder, runs, crash):
    spec = toy_spec(folder, **{**TABLES, "train": {**TABLES["train"], "keep": 3}})
    crash(spec, "cut", 8)
    assert [path.name for path in sorted((runs / "cut" / "state").iterdir())] == [
        f"step-{step:09d}.safetensors" for step in (5, 6, 7)
    ]
    resume(runs / "cut", show=False)
    assert not (runs / "cut" / "state").exists()


def test_a_finished_run_and_a_folder_without_one_are_not_resumed(folder, runs):
    train(toy_spec(folder), run="r", show=False)
    with pytest.raises(InputError, match=r"runs/r is finished.*eval\.json"):
        resume("runs/r", show=False)
    with pytest.raises(InputError, match=r"runs/none holds no run to resume"):
        resume("runs/none", show=False)


def test_a_run_killed_while_it_is_judged_is_only_judged_again(folder, runs, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(experiment, "judge", lambda *_: (_ for _ in ()).throw(SystemError("power cut")))
        with pytest.raises(SystemError):
            train(toy_spec(folder), run="r", show=False)
    before = results(runs.parent, "r")
    assert resume("runs/r", show=False).report.episodes == 6
    assert results(runs.parent, "r") == before


def test_a_full_disk_is_told_in_a_sentence_and_what_was_saved_before_is_good(folder, tmp_path):
    job = {"folder": str(folder), "tables": TABLES}
    assert finish(start("train", tmp_path, run="whole", **job)) == [0]
    # Room for metrics and logs, but not for weights.
    assert finish(start("train", tmp_path, run="full", limit=20_000, **job)) == [1]
    said = (tmp_path / "said-0.txt").read_text()
    assert "error: cannot write runs/full/state/step-000000001.safetensors" in said
    assert "Traceback" not in said
    assert finish(start("resume", tmp_path, run="full", **job)) == [0]
    assert results(tmp_path, "full") == results(tmp_path, "whole")


def test_lost_demonstrations_are_named_and_a_restored_file_lets_the_run_go_on(copy, runs, crash):
    spec = toy_spec(copy, **TABLES)
    train(spec, run="whole", show=False)
    crash(spec, "cut", 8)
    shard = min(copy.glob("shard-*"))
    away = shard.rename(copy.parent / "away")
    with pytest.raises(BczooError, match=shard.name):
        resume(runs / "cut", show=False)
    away.rename(shard)
    resume(runs / "cut", show=False)
    assert results(runs.parent, "cut") == results(runs.parent, "whole")


def test_demonstrations_that_vanish_during_training_end_it_with_its_state_saved(copy, runs, monkeypatch):
    class Thief:
        @hookimpl
        def bczoo_epoch_end(self, run):
            max(copy.glob("shard-*")).unlink()

    real = experiment.observers
    monkeypatch.setattr(experiment, "observers", lambda callbacks: real([*callbacks, Thief()]))
    with pytest.raises(BczooError, match=r"shard-\d+\.safetensors is no longer the file that was opened"):
        train(toy_spec(copy, **TABLES), run="r", show=False)
    assert list((runs / "r" / "state").iterdir())


def test_other_demonstrations_are_refused(copy, plain, runs, crash):
    crash(toy_spec(copy, **{**TABLES, "policy": {"steps": 1, "horizon": 1}}), "cut", 8)
    for path in copy.iterdir():
        path.unlink()
    for path in plain.folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    with pytest.raises(BczooError, match="holds other demonstrations than this run began with"):
        resume(runs / "cut", show=False)


def test_another_version_is_told(folder, runs, crash, caplog):
    crash(toy_spec(folder, **TABLES), "cut", 8)
    path = runs / "cut" / "versions.json"
    facts = json.loads(path.read_text())
    path.write_text(json.dumps(facts | {"versions": facts["versions"] | {"torch": "1.0"}}))
    resume(runs / "cut", show=False)
    assert "since the run began, torch 1.0 -> " in caplog.text


def test_states_hold_no_weights_that_are_not_finite(folder, runs):
    tables = {**TABLES, "train": {**TABLES["train"], "clip": None, "optimizer": {"use": "SGD", "lr": 1e20}}}
    with pytest.raises(BczooError, match="training diverged"):
        train(toy_spec(folder, **tables), run="r", show=False)
    for path in (runs / "r" / "state").iterdir():
        held = load_file(path)
        assert held["state.order"].numel()
