"""A sweep as Ray tasks, on a Ray of this machine."""

import os
import sys

import pytest
from sweeping import bczoo, prepare

from bczoo.engine.sweep_ray import find_ray
from bczoo.engine.sweep_results import read_sweep
from bczoo.errors import InputError


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Ray on Linux")
def test_the_same_cells_run_as_tasks_and_one_that_fails_costs_nothing_else(tmp_path):
    pytest.importorskip("ray", reason="needs pip install 'bczoo[ray]'")
    levels = ",".join(f'[{{use="mishap", how="{how}"}}]' for how in ("none", "raise"))
    prepare(tmp_path)
    code, said = bczoo(
        tmp_path, "sweep", "--spec", "toy.toml", "--vary", f"callbacks={levels}", "--seeds", "1", "--name", "s", "--ray"
    )
    calm, raised = read_sweep(tmp_path / "sweeps" / "s").runs
    assert code == 1, said
    assert (calm.state, raised.state) == ("done", "failed")
    assert "RuntimeError: nothing works today" in raised.error
    assert f"{calm.name}: success " in said
    assert f"{raised.name} failed: " in said


def test_without_ray_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"^--ray needs Ray, which is not installed: pip install 'bczoo\[ray\]'$"):
        find_ray()
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
