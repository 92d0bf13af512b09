"""The processes of a sweep: their share of the machine, how they end, and where runs look for things."""

import fcntl
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from children import FORKS

from bczoo.engine import sweep_child, sweep_local, sweep_process
from bczoo.engine.home import home_of, started_in
from bczoo.engine.sweep_files import failure_of
from bczoo.engine.sweep_local import Stopped, run_locally
from bczoo.engine.sweep_process import Ended, Place, RunProcess, places, share
from bczoo.engine.sweep_told import Progress
from bczoo.errors import BczooError


@pytest.mark.parametrize(
    ("jobs", "runs", "gpus", "cpus", "side_by_side"),
    [(None, 9, 0, 4, 4), (None, 3, 0, 4, 3), (None, 9, 2, 16, 2), (5, 9, 2, 16, 5), (1, 9, 0, 4, 1), (8, 2, 0, 4, 2)],
)
def test_so_many_runs_go_side_by_side(jobs, runs, gpus, cpus, side_by_side):
    assert share(jobs, runs, gpus, cpus) == side_by_side


def test_jobs_share_cpus_and_gpus(monkeypatch):
    monkeypatch.setattr(sweep_process, "usable_cpus", lambda: 7)
    assert places(3, 9, ["0", "1"]) == [Place(threads=2, gpu="0"), Place(threads=2, gpu="1"), Place(threads=2, gpu="0")]
    assert places(20, 20, []) == [Place(threads=1)] * 20


def test_a_run_sees_its_share_alone_unless_somebody_has_chosen_threads(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "9")
    env = Place(threads=3, gpu="GPU-5").environment()
    chosen = {name: env[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES")}
    assert chosen == {"OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "9", "CUDA_VISIBLE_DEVICES": "GPU-5"}


def test_a_run_of_a_sweep_was_started_where_the_sweep_was(tmp_path, monkeypatch):
    run = tmp_path / "sweeps" / "s" / "runs" / "a,seed=0"
    run.mkdir(parents=True)
    assert started_in(run) == tmp_path / "sweeps" / "s"  # runs of somebody who works in a folder of that name
    (tmp_path / "sweeps" / "s" / "sweep.json").touch()
    assert started_in(run) == home_of(tmp_path / "sweeps" / "s") == tmp_path
    monkeypatch.chdir(tmp_path)
    assert started_in(run) == Path()
    assert home_of(tmp_path / "moved") == Path()


def test_what_a_kill_left_before_there_was_a_spec_is_removed_and_nothing_else(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "versions.json").touch()
    (folder / ".spec.toml.1-ab.tmp").touch()
    sweep_child._remove_beginnings(folder)
    assert not folder.exists()
    folder.mkdir()
    (folder / "notes.txt").touch()
    with pytest.raises(BczooError, match=r"notes.txt is in the way of a run; move it away, then resume the sweep"):
        sweep_child._remove_beginnings(folder)


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """`begun(script)` is a run that is started as usual, but for the shell script in the place of Python."""

    def begin(script):
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        return RunProcess(tmp_path, tmp_path, "c", 0, Place(threads=1))

    return begin


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo words; echo last words; echo; exit 1", "last words"),
        ("exit 3", "it printed nothing"),
        (
            "echo fine; kill -9 $$",
            "error: the process was ended by SIGKILL, as the system does where memory is short",
        ),
        ("kill -50 $$", "error: the process was ended by signal 50"),
        ("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end", "the end"),
    ],
)
def test_a_run_that_fails_says_how_in_its_last_line_and_no_more_than_a_megabyte_is_kept(begun, tmp_path, script, error):
    assert begun(script).end(stopped=False).error == error
    assert failure_of(tmp_path, "c", 0).stat().st_size <= (1 << 20) + 100


def test_what_lies_about_where_a_sweep_was_started_is_no_module_unless_it_was_one_there(begun, tmp_path, monkeypatch):
    asked = "-m bczoo.engine.sweep_child . c 0"
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    assert begun('echo "$@"; exit 1').end(stopped=False).error == f"-P {asked}"
    monkeypatch.syspath_prepend(tmp_path)
    assert begun('echo "$@"; exit 1').end(stopped=False).error == asked


def test_a_run_that_cannot_be_started_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(BczooError, match=r"c,seed=0 cannot be started: .*No such file.*; see to that, then go on with"):
        RunProcess(tmp_path, tmp_path, "c", 0, Place(threads=1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_signal_no_run_begins_and_those_that_run_are_stopped(tmp_path, monkeypatch, number):
    class Told:
        """A run that ends when it is told to, and not before."""

        made = []  # noqa: RUF012

        def __init__(self, folder, home, cell, seed, place):
            self.cell, self.seed, self.place, self.told = cell, seed, place, False
            self.made.append(self)

        def runs(self):
            if self is self.made[-1] and not self.told:
                signal.raise_signal(number)
            return not self.told

        def stop(self):
            self.told = True

        def end(self, *, stopped):
            assert stopped
            return Ended(seconds=1.0, error="stopped")

    monkeypatch.setattr(sweep_local, "RunProcess", Told)
    progress = Progress(tmp_path, 0, 3, lambda *_, **__: None)
    with pytest.raises(Stopped, match=f"^{number.name} with 0 of 3 runs finished; ") as error:
        run_locally(tmp_path, tmp_path, [("a", 0), ("b", 0), ("c", 0)], [Place(threads=1)] * 2, progress)
    assert error.value.exit_code == 128 + number
    assert [run.cell for run in Told.made] == ["a", "b"]


def test_a_run_that_is_still_being_trained_is_waited_for(tmp_path):
    (tmp_path / "spec.toml").touch()
    with (tmp_path / "spec.toml").open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waiting = threading.Thread(target=sweep_child._wait_for, args=(tmp_path,))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()


def _waits(pipe):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    os.dup2(pipe.fileno(), 0)
    pipe.close()
    threading.Thread(target=sweep_child._end_with_parent, daemon=True).start()
    time.sleep(60)


def test_a_process_whose_starter_is_gone_is_told_to_end():
    theirs, ours = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_waits, args=(theirs,))
    process.start()
    theirs.close()
    process.join(0.5)
    assert process.is_alive()
    ours.close()
    process.join(30)
    assert process.exitcode == 7
