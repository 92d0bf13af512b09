"""The loss curve of one small run, kept across refactors.

After a change that is meant to alter it (a new default, another initialisation), write down the new one:
a failing test prints it.
"""

import pytest
from specs import toy_spec

from bczoo.engine.experiment import train
from bczoo.engine.metrics import read_metrics

GOLDEN = [(0.122379, 0.084842), (0.098831, 0.078803), (0.087930, 0.072178), (0.089224, 0.070500)]
# Processors differ in the last bits, and training lets them grow; a changed algorithm is off by far more.
TOLERANCE = 0.005


def curve(folder, runs):
    spec = toy_spec(folder, train={"epochs": 4, "schedule": {"use": "cosine"}}, policy={"steps": 2, "horizon": 3})
    train(spec, run="golden", show=False)
    return [(row["train_loss"], row["val_loss"]) for row in read_metrics(runs / "golden" / "metrics.jsonl")]


def test_the_loss_curve_is_the_golden_one(folder, runs):
    seen = curve(folder, runs)
    print(seen)
    assert len(seen) == len(GOLDEN)
    for now, then in zip(seen, GOLDEN, strict=True):
        assert now == pytest.approx(then, rel=TOLERANCE)
