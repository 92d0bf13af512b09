"""What rollouts during training say together: the maximum, and the mean of the latest."""

import json

import pytest
from specs import toy_spec

from bczoo.cli.verdict import print_during
from bczoo.engine.during import During, sum_up
from bczoo.engine.experiment import resume, train
from bczoo.spec import Train

RATES = (0.25, 1.0, 0.5, 0.0, 0.75, 0.25)
SETTINGS = {"epochs": 6, "evaluate_every": 1, "evaluate_last": 3, "evaluate_episodes": 4}


@pytest.fixture
def lucky(monkeypatch):
    """Rollouts succeed as often as RATES say, epoch by epoch."""
    monkeypatch.setattr("bczoo.engine.validate._success", lambda trainer, _: RATES[trainer.run.epoch - 1])


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_mean_is_of_the_latest_and_the_maximum_of_all():
    found = sum_up(RATES, Train(epochs=1, evaluate_last=3))
    assert (found.success_max, found.success_mean_last) == (1.0, pytest.approx(1 / 3))
    assert (found.rollouts, found.last, found.episodes) == (6, 3, 20)


def test_fewer_rollouts_than_asked_for_are_all_there_are():
    found = sum_up(RATES[:2], Train(epochs=1))
    assert (found.success_mean_last, found.last) == (0.625, 2)


@pytest.mark.parametrize("episodes", [0, 6])
def test_metrics_and_eval_json_tell_both(folder, runs, lucky, episodes):
    result = train(toy_spec(folder, train=SETTINGS, eval={"episodes": episodes}), run="r", show=False)
    said = [(row["success_max"], row["success_mean_last"]) for row in read(runs / "r" / "metrics.jsonl")]
    assert said == [(0.25, 0.25), (1.0, 0.625), (1.0, 1.75 / 3), (1.0, 0.5), (1.0, 1.25 / 3), (1.0, 1.0 / 3)]
    judged = json.loads((runs / "r" / "eval.json").read_text())["during_training"]
    assert judged == result.during.as_json()
    assert judged == {"success_max": 1.0, "success_mean_last": 1.0 / 3, "last": 3, "rollouts": 6, "episodes": 4}


def test_without_rollouts_nothing_is_said_of_them(folder, runs):
    result = train(toy_spec(folder), run="r", show=False)
    assert result.during is None
    assert "during_training" not in json.loads((runs / "r" / "eval.json").read_text())
    assert not any("success_max" in row for row in read(runs / "r" / "metrics.jsonl"))


def test_a_resumed_run_remembers_the_rollouts_before(folder, runs, lucky, crash):
    spec = toy_spec(folder, train=SETTINGS | {"save_minutes": 0.0})
    whole = train(spec, run="whole", show=False)
    steps = read(runs / "whole" / "metrics.jsonl")[3]["step"]
    crash(spec, "cut", steps + 1)
    assert resume(runs / "cut", show=False).during == whole.during


def test_the_command_line_says_that_these_starts_are_others(capsys):
    print_during(During(success_max=0.95, success_mean_last=0.7, last=10, rollouts=12, episodes=20))
    assert capsys.readouterr().out == (
        "during training, 12 times 20 other starts: success max 95.0%, mean of the last 10 70.0%\n"
    )
