"""`bczoo sweep` as it is called: what is refused, before anything heavy is imported or anything made."""

import json
import shutil
import sys

import click
import pytest
from evaluations import SPEC, changed, evaluated

from bczoo.cli.standing import print_sweep
from bczoo.engine.sweep_results import read_sweep

POOLS = "policy.backbone.pool=avg,spatial_softmax"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "say what to run with --spec FILE|RECIPE, or go on with a sweep with --resume FOLDER"),
        (
            ["--resume", "x", "--spec", "bc_cnn"],
            "--resume goes on with the sweep's own cells; of the other options only",
        ),
        (["--resume", "x", "--seeds", "2"], "--resume goes on with the sweep's own cells"),
        (["--resume", "x"], "error: x holds no sweep (no sweep.json); give its folder, e.g. sweeps/NAME\n"),
        (["--spec", "nope"], "error: no spec file 'nope' here and no recipe of that name; known: "),
        (
            ["--spec", "bc_cnn", "--vary", "policy.bakbone.pool=1"],
            "--vary policy.bakbone.pool=1: policy.bakbone: unknown",
        ),
        (["--spec", "bc_cnn", "--vary", "loss.use"], "error: --vary loss.use: write it as key.path=level,level, e.g. "),
        (
            ["--spec", "bc_cnn", "--vary", "loss.use=l1", "--set", "loss.use=l1"],
            "loss.use is varied as well; set it or",
        ),
        (["--spec", "bc_cnn", "--seeds", "many"], "error: --seeds many: give how many, e.g. 3, or which, e.g. 0,1,5\n"),
        (["--spec", "bc_cnn", "--seeds", ""], "error: --seeds : give how many, e.g. 3, or which, e.g. 0,1,5\n"),
        (["--resume", "x", "--seeds", ""], "--resume goes on with the sweep's own cells"),
        (
            ["--spec", "bc_cnn", "--vary", "spec=bc_cnn,bc_vit"],
            "error: --vary spec: a spec has no such key; to compare",
        ),
        (["--spec", "bc_cnn", "--jobs", "0"], "Invalid value for '--jobs'"),
        (
            ["--spec", "bc_cnn", "--vary", POOLS, "--name", "a/b"],
            "error: --name a/b: give a plain name, without folders",
        ),
    ],
)
def test_wrong_input_is_one_sentence_and_makes_nothing(args, said, call_cli, tmp_path):
    told = call_cli("sweep", *args)
    assert told.returncode == 2
    assert said in told.stderr
    assert "Traceback" not in told.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def finished(tmp_path):
    """A sweep whose two cells are done."""
    folder = tmp_path / "sweeps" / "s"
    folder.mkdir(parents=True)
    cells = [
        {"name": f"epochs={n}", "spec_name": "base", "levels": {"train.epochs": n}, "overrides": [f"train.epochs={n}"]}
        for n in (3, 6)
    ]
    for cell in cells:
        cell["spec"] = changed(SPEC, cell["levels"])
    plan = {"format": 1, "bczoo": "0.1.0", "design": "grid", "specs": [{"name": "base", "spec": cells[0]["spec"]}]}
    plan |= {"vary": [{"key": "train.epochs", "levels": [3, 6]}], "seeds": [0], "cells": cells}
    (folder / "sweep.json").write_text(json.dumps(plan), encoding="utf-8")
    for cell in cells:
        evaluated(folder / "runs" / f"{cell['name']},seed=0", "1" * 30 + "0" * 10, spec=cell["levels"] | {"seed": 0})
    return folder


def test_a_sweep_that_is_done_is_read_again_as_a_table(finished, call_cli):
    told = call_cli("sweep", "--resume", "sweeps/s")
    assert told.returncode == 0
    lines = [line.split() for line in told.stdout.splitlines()]
    assert ["1", "epochs=3", "75.0%", "59.8%", "to", "87.5%", "75", "10", "-", "-", "1", "done"] in lines
    assert "train.epochs = 6 and 3 do not differ significantly: +0.0 points" in told.stdout
    assert "note: One seed says nothing about others" in told.stdout


def test_and_as_json_for_scripts(finished, call_cli):
    told = call_cli("sweep", "--resume", "sweeps/s", "--json")
    assert told.returncode == 0
    found = json.loads(told.stdout)
    assert [place["success_rate"] for place in found["leaderboard"]] == [0.75, 0.75]
    assert found["effects"][0]["difference"] == 0.0
    assert [run["state"] for run in found["runs"]] == ["done", "done"]


def test_a_run_that_is_not_the_sweeps_stops_it_before_anything_starts(finished, call_cli):
    runs = finished / "runs"
    shutil.rmtree(runs / "epochs=6,seed=0")
    shutil.copytree(runs / "epochs=3,seed=0", runs / "epochs=6,seed=0")
    told = call_cli("sweep", "--resume", "sweeps/s")
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1] == (
        "error: sweeps/s/runs/epochs=6,seed=0 is not the run that its sweep asks for: train.epochs is 3 there, not 6; "
        "move it away, then resume the sweep"
    )


def test_a_narrow_terminal_leaves_columns_out_and_says_which(finished, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    results = read_sweep(finished)
    with monkeypatch.context() as terminal:
        terminal.setattr(sys.stdout, "isatty", lambda: True)
        print_sweep(results)
    said = click.unstyle(capsys.readouterr().out)
    board, effects = [line.split() for line in said.splitlines() if line.startswith(("rank", "key"))]
    assert board == ["rank", "cell", "success", "95", "%", "interval", "steps", "minutes"]
    assert effects == ["key", "level", "difference", "95", "%", "interval", "p", "(Holm)"]
    assert "note: the terminal is too narrow for each seed, parameters, runs, beside, pairs of runs; --json" in said
    print_sweep(results)
    assert "parameters" in capsys.readouterr().out  # a file has room
