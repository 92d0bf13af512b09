"""Callbacks in real training: the average is what is kept, curves are those of the journal, resumed or not."""

import json
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from specs import TOY_PLUGIN, toy_spec
from toy_env import ask

from bczoo.engine.collect import collect
from bczoo.engine.experiment import resume, train
from bczoo.engine.metrics import read_metrics
from bczoo.hooks import hookimpl
from bczoo.registry import zoo

LOG_EVERY, CRASH = 3, 15


@pytest.fixture(scope="module")
def demos(tmp_path_factory):
    return collect(ask(), tmp_path_factory.mktemp("demos") / "toy", workers=1)


@pytest.fixture
def toy(demos, tmp_path, monkeypatch):
    """A spec with these callbacks, in an empty folder to train in."""
    monkeypatch.chdir(tmp_path)
    zoo.cache_clear()
    zoo().add(TOY_PLUGIN, "toys", "toys", "1.0")
    train = {"epochs": 3, "log_every": LOG_EVERY, "save_minutes": 0.0}
    yield lambda *callbacks: toy_spec(demos, train=train, callbacks=list(callbacks))
    zoo.cache_clear()


def weights(run, name="last.safetensors"):
    return load_file(f"runs/{run}/{name}")


def rows(run):
    """The journal without what differs from run to run."""
    timed = {"samples_per_s", "data_share", "seconds"}
    return [{key: row[key] for key in row.keys() - timed} for row in read_metrics(run)]


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


def interrupted(spec, run):
    """Train until a step fails after it was logged but before it was saved, in the second epoch, and then go on."""

    def fail(run):
        if run.step == CRASH:
            raise KeyboardInterrupt

    bomb = SimpleNamespace(bczoo_log=hookimpl(fail))
    zoo().manager.register(bomb, "bomb")
    with pytest.raises(KeyboardInterrupt):
        train(spec, run=run, show=False)
    zoo().manager.unregister(bomb)
    resume(f"runs/{run}", show=False)


def test_the_average_is_validated_kept_and_judged_and_changes_no_step(toy, tmp_path):
    train(toy(), run="plain", show=False)
    train(toy({"use": "ema", "decay": 0.9}), run="averaged", show=False)
    plain, averaged = (rows(tmp_path / "runs" / run / "metrics.jsonl") for run in ("plain", "averaged"))
    assert [row["train_loss"] for row in plain] == [row["train_loss"] for row in averaged]
    assert all(one["val_loss"] != other["val_loss"] for one, other in zip(plain, averaged, strict=True))
    assert not same(weights("plain"), weights("averaged"))


def test_resumed_after_a_crash_average_and_patience_are_what_they_would_have_been(toy, tmp_path):
    spec = toy({"use": "ema", "decay": 0.9}, {"use": "early_stop", "patience": 1, "min_delta": 9.0})
    train(spec, run="whole", show=False)
    interrupted(spec, "resumed")
    assert same(weights("whole"), weights("resumed"))
    whole, resumed = (rows(tmp_path / "runs" / run / "metrics.jsonl") for run in ("whole", "resumed"))
    assert whole == resumed
    assert whole[0]["step"] < CRASH < whole[1]["step"]
    assert len(whole) == 2  # and not 3: nothing is 9 better than the first epoch


def test_tensorboard_shows_what_the_journal_says_each_step_once(toy, tmp_path):
    pytest.importorskip("tensorboard", reason="pip install 'bczoo[tensorboard]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    interrupted(toy({"use": "tensorboard"}), "logged")
    folder = tmp_path / "runs" / "logged"
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    journal = read_metrics(folder / "metrics.jsonl")
    last = journal[-1]["step"]
    for key in ("train_loss", "val_loss", "lr", "samples_per_s"):
        shown = [(event.step, event.value) for event in events.Scalars(f"epoch/{key}")]
        assert shown == [(row["step"], pytest.approx(row[key])) for row in journal]
    assert [event.step for event in events.Scalars("train/loss")] == [*range(LOG_EVERY, last + 1, LOG_EVERY)]
    (event,) = events.Scalars("eval/success_rate")
    judged = json.loads((folder / "eval.json").read_text())
    assert (event.step, event.value) == (last, pytest.approx(judged["success_rate"]))
