"""What a temporal module adds to the loss is told by name: to loggers, in the epoch's metrics, over all processes."""

from types import SimpleNamespace

import pytest
from children import finish, start
from specs import ACT, toy_spec

from bczoo.engine.experiment import train
from bczoo.engine.metrics import read_metrics
from bczoo.hooks import hookimpl

# A rate at which nothing is learned, so that all steps have the same divergence.
STILL = {"epochs": 1, "batch_size": 250, "log_every": 1, "optimizer": {"use": "SGD", "lr": 1e-30}}
CVAE = {"horizon": 3, "head": {"use": "mlp", "hidden": [32], "dropout": 0.0}, "temporal": ACT}


def row(runs, name="r"):
    """The metrics of a run's only epoch."""
    (metrics,) = read_metrics(runs / name / "metrics.jsonl")
    return metrics


@pytest.mark.parametrize("parts", [1, 3])
def test_loggers_and_curves_know_what_each_penalty_adds_to_the_loss(folder, runs, overheard, parts):
    heard = []
    logger = SimpleNamespace(bczoo_log=hookimpl(lambda metrics: heard.append(metrics)))
    with overheard(logger):
        train(toy_spec(folder, train={**STILL, "accumulate": parts}, policy=CVAE), run="r", show=False)
    mean = sum(metrics["penalty_kl"] for metrics in heard) / len(heard)
    assert row(runs)["train_penalty_kl"] == pytest.approx(mean)
    assert 0 < mean < row(runs)["train_loss"]
    # Without the demonstration there is none.
    assert "val_penalty_kl" not in row(runs)


def test_penalties_that_are_there_in_validation_are_told_too(folder, runs, monkeypatch):
    from bczoo.plugins.temporal.none_net import NoTemporal

    real = NoTemporal.forward

    def forward(*inputs):
        output = real(*inputs)
        return type(output)(x_BHD=output.x_BHD, penalties={"size": 0.25 + 0.0 * output.x_BHD.sum()})

    spec = toy_spec(folder, train=STILL)
    train(spec, run="without", show=False)
    monkeypatch.setattr(NoTemporal, "forward", forward)
    train(spec, run="with", show=False)
    seen = row(runs, "with")
    assert (seen["train_penalty_size"], seen["val_penalty_size"]) == pytest.approx((0.25, 0.25))
    # Without a rate to learn at, a constant penalty changes nothing else.
    assert seen["val_loss"] == pytest.approx(row(runs, "without")["val_loss"] + 0.25)


def test_several_processes_tell_the_penalties_of_the_whole_batch(folder, tmp_path, toy_zoo):
    tables = {"train": {**STILL, "accumulate": 2}, "policy": CVAE}
    for name, size in (("one", 1), ("two", 2)):
        assert finish(start("train", tmp_path, size=size, folder=str(folder), run=name, tables=tables)) == [0] * size
    one, two = (row(tmp_path / "runs", name)["train_penalty_kl"] for name in ("one", "two"))
    assert two == pytest.approx(one, rel=1e-4)
