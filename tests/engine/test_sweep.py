"""Sweeps as they are run: undisturbed, stopped, killed, resumed, with runs that fail, twice at a time."""

import fcntl
import sys

import pytest
from sweeping import CALM, alive, bczoo, begin, end_all, finish, hold, prepare, release, results, wait_held, wait_until

from bczoo.engine.sweep import resume_sweep
from bczoo.engine.sweep import sweep as run_sweep
from bczoo.engine.sweep_results import read_sweep
from bczoo.errors import InputError

GRID = ("--spec", "toy.toml", "--vary", "policy.horizon=1,2", "--seeds", "1", "--name", "s", "--quiet")
FIRST, SECOND = "horizon=1,seed=0", "horizon=2,seed=0"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")]


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path):
    yield
    end_all(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed sweep: where it was started, and what it printed."""
    cwd = tmp_path_factory.mktemp("whole")
    prepare(cwd)
    code, said = bczoo(cwd, "sweep", *GRID, "--jobs", "2")
    assert code == 0, said
    return cwd, said


def test_a_sweep_leaves_ordinary_runs_and_says_how_each_went(whole):
    cwd, said = whole
    found = read_sweep(cwd / "sweeps" / "s")
    assert [run.name for run in found.runs if run.state == "done"] == [FIRST, SECOND]
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


def test_a_sweep_that_is_done_is_read_again_even_where_nobody_may_write_and_not_overwritten(whole, monkeypatch):
    monkeypatch.chdir(whole[0])
    folder = whole[0] / "sweeps" / "s"
    before = results(folder)
    with (folder / "sweep.json").open("rb") as plan:
        fcntl.flock(plan, fcntl.LOCK_EX)
        assert resume_sweep(folder, show=False).count("done") == 2
    with pytest.raises(InputError, match=r"^sweeps/s exists and will not be overwritten; go on with: bczoo sweep --r"):
        run_sweep("bc_cnn", name="s", show=False)
    assert results(folder) == before


def test_a_sweep_that_is_stopped_killed_and_resumed_has_the_bytes_of_an_undisturbed_one(whole, tmp_path):
    prepare(tmp_path, demos=whole[0] / "demos")
    folder = tmp_path / "sweeps" / "s"

    hold(tmp_path, FIRST)
    process = begin(tmp_path, "sweep", *GRID, "--jobs", "1")
    wait_held(tmp_path, FIRST)
    process.terminate()
    wait_until(lambda: "stopping: " in (tmp_path / "said.txt").read_text())  # and so it has told its runs
    release(tmp_path, FIRST)
    assert finish(process) == 143
    assert (tmp_path / "said.txt").read_text().splitlines()[-1] == (
        "error: SIGTERM with 0 of 2 runs finished; the states of the others are saved, go on with: "
        "bczoo sweep --resume sweeps/s"
    )
    assert alive(tmp_path) == []
    assert [path.parents[1].name for path in folder.glob("runs/*/state/*.safetensors")] == [FIRST]
    assert [run.state for run in read_sweep(folder).runs] == ["waiting"] * 2

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code, said = bczoo(elsewhere, "train", "--resume", str(folder / "runs" / FIRST), site=tmp_path / ".site")
    assert code == 0, said
    assert "going on after step " in said
    assert [path.name for path in elsewhere.iterdir()] == ["said.txt"]  # demonstrations are those of the sweep
    finished = (folder / "runs" / FIRST / "eval.json").stat().st_mtime_ns

    (tmp_path / "toy.toml").write_text("name = 'changed'", encoding="utf-8")  # the sweep has its own copy
    hold(tmp_path, SECOND)
    process = begin(tmp_path, "sweep", "--resume", "sweeps/s", "--jobs", "1")
    wait_held(tmp_path, SECOND)
    with pytest.raises(InputError, match=r"another process is running .*/s; wait until it has ended, or end it, then"):
        resume_sweep(folder, show=False)
    process.kill()
    assert finish(process) == -9

    (left_behind,) = alive(tmp_path)
    process = begin(tmp_path, "sweep", "--resume", "sweeps/s", "--jobs", "1", said="again.txt")
    waits = f"{SECOND}: another process is training it; waiting until it has ended"
    wait_until(lambda: waits in (tmp_path / "again.txt").read_text())
    assert left_behind in alive(tmp_path)
    release(tmp_path, SECOND)
    assert finish(process) == 0
    assert (folder / "runs" / FIRST / "eval.json").stat().st_mtime_ns == finished
    assert results(folder) == results(whole[0] / "sweeps" / "s")


def test_a_run_that_fails_is_reported_costs_nothing_else_and_is_tried_again(tmp_path):
    prepare(tmp_path)
    levels = ",".join(f'[{{use="mishap", how="{how}"}}]' for how in ("crash", "none"))
    options = ("--set", "train.epochs=1", "--vary", f"callbacks={levels}", "--seeds", "1", "--jobs", "1")
    code, said = bczoo(tmp_path, "sweep", "--spec", "toy.toml", *options, "--name", "s")
    folder = tmp_path / "sweeps" / "s"
    crashed, calm = read_sweep(folder).runs
    assert code == 1, said
    assert (crashed.error, calm.error, calm.state) == ("error: the process was ended by SIGSEGV", None, "done")
    output = f"sweeps/s/failed/{crashed.name}.txt"
    assert f"{crashed.name} failed: {crashed.error}; its output is {output}" in said
    assert "Fatal Python error: Segmentation fault" in (tmp_path / output).read_text(encoding="utf-8")
    assert "note: 1 of 2 runs are finished, 1 failed and 0 wait" in said

    (tmp_path / CALM).touch()
    code, said = bczoo(tmp_path, "sweep", "--resume", "sweeps/s")
    assert code == 0, said
    assert [*folder.glob("failed/*")] == []
