"""Sweeps as they are run: undisturbed, killed, stopped, with runs that fail, twice at a time."""

import os
import signal
import sys

import pytest
from sweeping import CALM, alive, begin, results, sweep, wait_until

from bczoo.engine.sweep_results import read_sweep

GRID = ("--spec", "toy.toml", "--vary", "policy.horizon=1,2", "--seeds", "2", "--jobs", "2", "--name", "s", "--quiet")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed sweep: where it was started, and what it printed."""
    cwd = tmp_path_factory.mktemp("whole")
    code, said = sweep(cwd, *GRID)
    assert code == 0, said
    return cwd, said


def test_a_sweep_leaves_ordinary_runs_and_says_how_each_went(whole):
    cwd, said = whole
    found = read_sweep(cwd / "sweeps" / "s")
    assert [run.state for run in found.runs] == ["done"] * 4
    for run in found.runs:
        assert f"{run.name}: success " in said
        assert {"spec.toml", "metrics.jsonl", "policy.safetensors", "versions.json"} <= {
            path.name for path in run.folder.iterdir()
        }
    assert "policy.horizon = 2 and 1 do not differ significantly" in said
    assert found.leaderboard[0].parameters > 0
    assert found.leaderboard[0].minutes > 0


def test_what_cells_share_is_collected_once(whole):
    cwd, said = whole
    assert said.count("collecting ") == 1
    assert len(list((cwd / "demos").iterdir())) == 1


def test_a_sweep_that_is_done_is_not_run_again_and_not_overwritten(whole):
    cwd, _ = whole
    before = results(cwd / "sweeps" / "s")
    code, said = sweep(cwd, "--resume", "sweeps/s")
    assert code == 0
    assert ": success " not in said
    code, said = sweep(cwd, *GRID)
    assert (code, said.splitlines()[-1]) == (
        2,
        "error: sweeps/s exists and will not be overwritten; choose another name with --name, or delete it",
    )
    assert results(cwd / "sweeps" / "s") == before


def test_a_sweep_killed_half_way_and_resumed_has_the_bytes_of_an_undisturbed_one(whole, tmp_path):
    folder = tmp_path / "sweeps" / "s"
    process = begin(tmp_path, *GRID)
    wait_until(lambda: len(list(folder.glob("runs/*/eval.json"))) >= 2 and alive(tmp_path))
    wait_until(lambda: list(folder.glob("runs/*/state/*.safetensors")) or not alive(tmp_path))
    process.kill()
    process.wait()
    wait_until(lambda: not alive(tmp_path), seconds=60)  # the runs see that they are alone
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/eval.json")}
    assert len(finished) < 4

    going_on = begin(tmp_path, "--resume", "sweeps/s", "--jobs", "2")
    wait_until(lambda: alive(tmp_path))
    paused = alive(tmp_path)
    for number in paused:  # so that it cannot end meanwhile
        os.kill(number, signal.SIGSTOP)
    code, said = sweep(tmp_path, "--resume", "sweeps/s", said="second.txt")
    for number in paused:
        os.kill(number, signal.SIGCONT)
    assert (code, said) == (
        2,
        "error: another process is running sweeps/s; wait until it has ended, or end it, then resume\n",
    )
    assert going_on.wait(300) == 0
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert results(folder) == results(whole[0] / "sweeps" / "s")


def test_runs_that_fail_are_reported_cost_nothing_else_and_are_tried_again(tmp_path):
    levels = ",".join(f'[{{use="mishap", how="{how}"}}]' for how in ("none", "raise", "crash"))
    code, said = sweep(
        tmp_path, "--spec", "toy.toml", "--vary", f"callbacks={levels}", "--seeds", "1", "--name", "s", "--jobs", "2"
    )
    folder = tmp_path / "sweeps" / "s"
    errors = {run.name: run.error for run in read_sweep(folder).runs}
    assert code == 1, said
    assert len(errors) == 3
    calm, raised, crashed = errors.values()
    assert calm is None
    assert "RuntimeError: nothing works today" in raised
    assert crashed == "error: the process was ended by SIGSEGV"
    for name, error in errors.items():
        if error:
            assert f"{name} failed: {error}; its output is sweeps/s/failed/{name}.txt" in said
    assert "note: 1 of 3 runs are finished, 2 failed and 0 wait" in said

    (tmp_path / CALM).touch()
    code, said = sweep(tmp_path, "--resume", "sweeps/s", "--jobs", "2")
    assert code == 0, said
    assert [*folder.glob("failed/*")] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_runs_with_their_states_saved(tmp_path, number):
    process = begin(
        tmp_path, "--spec", "toy.toml", "--set", "train.epochs=5000", "--seeds", "3", "--name", "s", "--jobs", "2"
    )
    folder = tmp_path / "sweeps" / "s"
    wait_until(lambda: len(list(folder.glob("runs/*/metrics.jsonl"))) == 2)
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    said = (tmp_path / "said.txt").read_text()
    assert said.splitlines()[-1] == (
        f"error: {number.name} with 0 of 3 runs finished; the states of the others are saved, go on with: "
        "bczoo sweep --resume sweeps/s"
    )
    assert alive(tmp_path) == []
    assert {path.parents[1].name for path in folder.glob("runs/*/state/*")} == {"toy,seed=0", "toy,seed=1"}
    assert [run.state for run in read_sweep(folder).runs] == ["waiting"] * 3


def test_a_run_that_is_killed_has_failed_and_the_rest_goes_on(tmp_path):
    process = begin(
        tmp_path,
        *("--spec", "toy.toml", "--set", 'callbacks=[{use="mishap", how="wait"}]'),
        *("--seeds", "2", "--name", "s", "--jobs", "1"),
    )
    wait_until(lambda: list(tmp_path.glob("waits-*")))
    (first,) = tmp_path.glob("waits-*")
    (tmp_path / CALM).touch()
    os.kill(int(first.name.removeprefix("waits-")), signal.SIGKILL)
    assert process.wait(120) == 1
    errors = [run.error for run in read_sweep(tmp_path / "sweeps" / "s").runs]
    assert errors == ["error: the process was ended by SIGKILL, as the system does where memory is short", None]
