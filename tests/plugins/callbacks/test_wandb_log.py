"""What W&B's offline files hold, in W&B's own terms. A run that goes online cannot be tested here."""

import json
from pathlib import Path

import pytest

pytest.importorskip("wandb", reason="pip install 'bczoo[wandb]'")

from wandb.proto.wandb_internal_pb2 import Record

BLOCK, WHOLE, LAST = 32768, 1, 4
OFFLINE = {"mode": "offline", "project": "zoo", "group": "night", "tags": ["a", "b"]}


def chunks(path):
    """What the file holds, as its format has it: that of LevelDB's log, after seven bytes that say so."""
    data, place, held = path.read_bytes(), 7, b""
    assert data.startswith(b":W&B")
    while place + 7 <= len(data):
        room = BLOCK - place % BLOCK
        if room < 7:  # too little for another head, so it is left empty
            place += room
            continue
        size, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        held += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (WHOLE, LAST):
            yield held
            held = b""


def records(place=-1):
    """All records of the offline run that was begun last, or at `place`."""
    paths = sorted(Path("runs/demo/wandb").glob("offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime_ns)
    return [Record.FromString(chunk) for chunk in chunks(paths[place])]


def values(items):
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def rows(found):
    return [values(record.history.item) for record in found if record.WhichOneof("record_type") == "history"]


def run_of(found):
    (run,) = (record.run for record in found if record.WhichOneof("record_type") == "run")
    return run


def exit_code(found):
    return [record.exit.exit_code for record in found if record.WhichOneof("record_type") == "exit"]


def test_every_number_is_there_at_its_step(live, left):
    live("wandb", OFFLINE)
    seen = rows(records())
    assert {row["_step"]: row["train/loss"] for row in seen} == {step: 1 / step for step in range(1, 11)}
    assert {row["_step"]: row["epoch/val_loss"] for row in seen if "epoch/val_loss" in row} == {5: 1.0, 10: 0.5}
    assert {key: value for key, value in seen[-1].items() if not key.startswith("_")} == {
        "train/loss": 0.1,
        "train/lr": 0.125,
        "epoch/epoch": 2,
        "epoch/val_loss": 0.5,
        "eval/success_rate": 0.75,
        "eval/interval.0": 0.5,
        "eval/interval.1": 0.875,
        "eval/episodes": 8,
    }
    assert exit_code(records()) == [0]
    elsewhere = {path.rpartition("/")[0] for path in left() if not path.startswith("runs/demo/")}
    assert elsewhere <= {"", "home/.cache/wandb/logs"}  # W&B's own diary


def test_a_resumed_run_is_the_same_run_for_wandb(live):
    live("wandb", OFFLINE, last=8, end="error")
    live("wandb", OFFLINE, first=6, end="stop")
    first, second = records(place=0), records(place=1)
    assert [row["_step"] for row in rows(first)] == [*range(1, 9)]
    assert [row["_step"] for row in rows(second)] == [*range(6, 11)]
    assert (exit_code(first), exit_code(second)) == ([1], [0])
    run, again = run_of(first), run_of(second)
    assert run.run_id == again.run_id
    assert (run.display_name, run.project, run.run_group, [*run.tags]) == ("demo", "zoo", "night", ["a", "b"])
    config = values(run.config.update)
    assert config["name"] == "bc_cnn"
    assert config["policy"]["backbone"]["use"] == "cnn"
    assert config["train"]["batch_size"] == 128


def test_disabled_nothing_is_written(live, left):
    live("wandb", {"mode": "disabled"})
    assert [path for path in left() if path.endswith(".wandb")] == []


def test_the_mode_is_wandbs_own_choice_unless_it_is_set(live):
    live("wandb", last=2, WANDB_MODE="offline", WANDB_ERROR_REPORTING="false")
    assert run_of(records()).project == "bczoo"
