"""What a run is not resumed with: other demonstrations, no whole state, another process that trains it already."""

import json
import os
import signal
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from children import finish, start, wait_for
from listening import PowerCut, at, die
from specs import CHANCY, toy_spec

from bczoo.engine.experiment import resume, train
from bczoo.engine.lock import locked
from bczoo.engine.resume import warn_of_changes
from bczoo.engine.team import Team
from bczoo.errors import BczooError, InputError
from bczoo.hooks import hookimpl


def test_where_every_state_is_damaged_nothing_is_trained_again_unasked(folder, runs, crash):
    crash(toy_spec(folder, **CHANCY), "cut", 8)
    before = {path: path.read_bytes() for path in (runs / "cut").glob("*.safetensors")}
    assert before
    for path in (runs / "cut" / "state").iterdir():
        path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(BczooError, match=r"none of the 2 states in runs/cut/state can be used; restore one, or delete"):
        resume("runs/cut", show=False)
    assert {path: path.read_bytes() for path in before} == before


def test_a_finished_run_and_a_folder_without_one_are_not_resumed(folder, runs):
    train(toy_spec(folder), run="r", show=False)
    with pytest.raises(InputError, match=r"runs/r is finished.*eval\.json"):
        resume("runs/r", show=False)
    with pytest.raises(InputError, match=r"runs/none holds no run to resume"):
        resume("runs/none", show=False)


def test_demonstrations_that_vanish_during_training_end_it_with_its_state_saved(copy, runs, overheard):
    thief = SimpleNamespace(bczoo_epoch_end=hookimpl(lambda: max(copy.glob("shard-*")).unlink()))
    gone = r"shard-\d+\.safetensors is no longer the file that was opened"
    with overheard(thief), pytest.raises(BczooError, match=gone):
        train(toy_spec(copy, **CHANCY), run="r", show=False)
    assert list((runs / "r" / "state").iterdir())


def test_other_demonstrations_are_refused(copy, plain, runs, crash):
    crash(toy_spec(copy, **{**CHANCY, "policy": {"steps": 1, "horizon": 1}}), "cut", 8)
    for path in copy.iterdir():
        path.unlink()
    for path in plain.folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    with pytest.raises(BczooError, match="holds other demonstrations than this run began with"):
        resume(runs / "cut", show=False)


def test_another_version_is_told(folder, runs, crash, caplog):
    crash(toy_spec(folder, **CHANCY), "cut", 8)
    path = runs / "cut" / "versions.json"
    facts = json.loads(path.read_text())
    path.write_text(json.dumps(facts | {"versions": facts["versions"] | {"torch": "1.0"}}))
    resume(runs / "cut", show=False)
    assert "since the run began, torch 1.0 -> " in caplog.text


def test_where_versions_are_lost_the_run_goes_on_and_says_so(folder, runs, crash, caplog):
    crash(toy_spec(folder, **CHANCY), "cut", 8)
    (runs / "cut" / "versions.json").unlink()
    resume("runs/cut", show=False)
    assert "runs/cut/versions.json cannot be read" in caplog.text
    assert (runs / "cut" / "eval.json").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"versions": 3}'])
def test_versions_that_somebody_has_written_over_are_lost_too(tmp_path, caplog, text):
    path = tmp_path / "versions.json"
    path.write_text(text)
    warn_of_changes(path, {"versions": {"torch": "2.0"}, "threads": 1, "cpus": 1})
    assert "versions.json cannot be read" in caplog.text


def test_what_has_a_spec_has_its_versions_too(folder, runs, monkeypatch):
    monkeypatch.setattr("bczoo.engine.experiment.write_text", die)
    with pytest.raises(PowerCut):
        train(toy_spec(folder), run="r", show=False)
    assert [path.name for path in (runs / "r").iterdir()] == ["versions.json"]
    with pytest.raises(InputError, match="runs/r holds no run to resume"):
        resume("runs/r", show=False)


# ---- one process at a time


def test_a_run_that_is_being_trained_is_not_resumed_beside_it_and_a_killed_one_holds_nothing(folder, tmp_path, runs):
    job = {"folder": str(folder), "tables": {"train": {"epochs": 5000, "max_minutes": 0.5}}, "run": "r"}
    (process,) = start("train", tmp_path, **job)
    wait_for(runs / "r" / "metrics.jsonl")
    with pytest.raises(InputError, match="another process is training runs/r; wait until it has ended, or end it"):
        resume("runs/r", show=False)
    os.kill(process.pid, signal.SIGKILL)
    assert finish([process]) == [-9]
    with locked(runs / "r", Team()):
        pass


def test_a_resumed_run_is_kept_to_one_process_too(folder, runs, crash, overheard):
    crash(toy_spec(folder, **CHANCY), "cut", 4)
    heard = []

    def try_to_resume(run):
        with pytest.raises(InputError) as refused:
            resume(run.folder, show=False)
        heard.append(str(refused.value))

    with overheard(at(5, try_to_resume)):
        resume("runs/cut", show=False)
    assert heard == ["another process is training runs/cut; wait until it has ended, or end it, then resume"]


def test_a_run_that_another_process_has_just_finished_is_not_begun_again(folder, runs, monkeypatch):
    @contextmanager
    def late(place, _):
        (place / "eval.json").write_text("{}")  # written while this process waited
        yield

    train(toy_spec(folder), run="r", show=False)
    (runs / "r" / "eval.json").unlink()
    monkeypatch.setattr("bczoo.engine.experiment.locked", late)
    with pytest.raises(InputError, match="runs/r is finished"):
        resume("runs/r", show=False)
