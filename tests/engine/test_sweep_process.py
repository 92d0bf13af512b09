"""Before and around the runs of a sweep: what is refused, what is shared, where runs look for things."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from specs import toy_spec

from bczoo.engine import sweep_child, sweep_process, sweep_run
from bczoo.engine.run import started_in
from bczoo.engine.sweep import plan_sweep
from bczoo.engine.sweep import sweep as run_sweep
from bczoo.engine.sweep_files import failure_of, last_line
from bczoo.engine.sweep_plan import CellPlan, Plan, home_of
from bczoo.engine.sweep_process import Place, places, share
from bczoo.errors import BczooError, InputError, SpecError
from bczoo.schema import unstructure
from bczoo.specfile import dump_spec


@pytest.fixture
def toy(runs, folder):
    """A spec file over the toy env, in the folder we are in."""
    Path("toy.toml").write_text(dump_spec(toy_spec(folder)), encoding="utf-8")
    return "toy.toml"


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


def test_cells_whose_parts_do_not_fit_are_all_refused_before_anything_is_made(toy):
    with pytest.raises(SpecError) as error:
        run_sweep(toy, vary={"policy.action.use": ["spherical", "direction", "cartesian"]}, show=False)
    assert [mistake.partition(": ")[0] for mistake in error.value.mistakes] == [
        "cell action=spherical",
        "cell action=direction",
    ]
    assert not Path("sweeps").exists()


def test_all_runs_on_one_gpu_are_refused(toy):
    with pytest.raises(
        SpecError, match=r"cell toy: train.device = 'cuda:0' would put all runs on one GPU; write 'cuda'"
    ):
        run_sweep(toy, overrides=["train.device=cuda:0"], show=False)


def test_different_demonstrations_in_one_folder_are_refused(toy):
    levels = {"data.demos": [3, 4], "data.path": ["new"]}
    with pytest.raises(
        SpecError, match=r"cells demos=3,path=new and demos=4,path=new ask for different demonstrations"
    ):
        run_sweep(toy, vary=levels, show=False)
    assert not Path("new").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a"])
def test_a_name_is_a_plain_one(toy, name):
    with pytest.raises(
        InputError, match=r"--name .*: give a plain name, without folders; the sweep goes to sweeps/NAME"
    ):
        run_sweep(toy, name=name, show=False)


def test_what_is_no_spec_is_refused():
    with pytest.raises(InputError, match="give at least one spec to sweep"):
        plan_sweep([], vary={}, seeds=1)


def planned(*specs):
    cells = [
        CellPlan(name=f"c{i}", spec_name="toy", levels={}, overrides=(), spec=spec) for i, spec in enumerate(specs)
    ]
    return Plan(bczoo="1", design="grid", specs=(), vary=(), seeds=(0,), cells=tuple(cells))


def test_runs_whose_demonstrations_cannot_be_had_have_failed_and_the_others_go_on(runs, folder, monkeypatch):
    asked = []

    def collect(request, place, *, show):
        asked.append(place)
        raise BczooError("the expert is ill")

    monkeypatch.setattr(sweep_run, "collect_with_bar", collect)
    specs = [unstructure(toy_spec(place)) for place in (folder, "none", "none")]
    left = [(cell, 0) for cell in planned(*specs).cells]
    sweep = Path("sweeps/s")
    sweep.mkdir(parents=True)
    assert sweep_run._with_demos(sweep, Path(), left, show=False) == [("c0", 0)]
    assert asked == [Path("none")]  # once for both
    assert [last_line(failure_of(sweep, name, 0)) for name in ("c1", "c2")] == ["error: the expert is ill"] * 2


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


def test_a_process_whose_starter_is_gone_is_told_to_end():
    program = (
        "import signal, sys, threading, time; from bczoo.engine.sweep_child import _end_with_parent\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "threading.Thread(target=_end_with_parent, daemon=True).start()\n"
        "print('ready', flush=True); time.sleep(60); sys.exit(1)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ.copy()
    )
    assert process.stdout.readline() == b"ready\n"
    process.stdin.close()
    assert process.wait(30) == 7
    process.stdout.close()
