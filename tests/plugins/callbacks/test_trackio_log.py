"""What Trackio's local database holds, by its documented schema."""

import json
import sqlite3
from pathlib import Path

import pytest

pytest.importorskip("trackio", reason="pip install 'bczoo[trackio]'")


def rows(path="trackio/bczoo.db"):
    """(run, step, numbers) of all that was logged, in that order."""
    with sqlite3.connect(path) as database:
        found = database.execute("SELECT run_name, step, metrics FROM metrics ORDER BY id").fetchall()
    return [(run, step, json.loads(text)) for run, step, text in found]


def curve(key):
    return {step: numbers[key] for _, step, numbers in rows() if key in numbers}


def test_every_number_is_there_at_its_step_and_the_spec_too(live, left):
    done = live("trackio")
    assert {run for run, _, _ in rows()} == {"demo"}
    assert curve("train/loss") == {step: 1 / step for step in range(1, 11)}
    assert curve("epoch/val_loss") == {5: 1.0, 10: 0.5}
    assert rows()[-1][1:] == (
        10,
        {"eval/success_rate": 0.75, "eval/interval.0": 0.5, "eval/interval.1": 0.875, "eval/episodes": 8},
    )
    with sqlite3.connect("trackio/bczoo.db") as database:
        ((text,),) = database.execute("SELECT config FROM configs").fetchall()
    config = json.loads(text)
    assert config["policy"]["backbone"]["use"] == "cnn"
    assert config["train"]["batch_size"] == 128
    assert {path.partition("/")[0] for path in left()} == {"runs", "trackio"}
    assert "* Run finished" in done.stderr


def test_a_resumed_run_is_the_same_run(live):
    live("trackio", last=8, end="error")
    assert [step for _, step, numbers in rows() if "train/loss" in numbers] == [*range(1, 9)]
    live("trackio", first=9, end="stop")
    assert [step for _, step, numbers in rows() if "train/loss" in numbers] == [*range(1, 11)]
    with sqlite3.connect("trackio/bczoo.db") as database:
        assert database.execute("SELECT count(DISTINCT run_id) FROM metrics").fetchall() == [(1,)]


def test_folder_and_project_can_be_chosen(live, left):
    live("trackio", {"project": "push"}, last=1, TRACKIO_DIR=str(Path("elsewhere").absolute()))
    assert rows("elsewhere/push.db")
    assert "trackio" not in {path.partition("/")[0] for path in left()}
