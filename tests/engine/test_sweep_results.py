"""Reading a sweep's folder: finished, partly finished, damaged; leaderboard and effects with known answers."""

import json

import numpy as np
import pytest
import tomli_w
from evaluations import SPEC, changed, evaluated
from safetensors.numpy import save_file

from bczoo.engine.sweep_grid import make_plan
from bczoo.engine.sweep_results import read_sweep
from bczoo.errors import BczooError, InputError
from bczoo.files import write_json

HEADS, EPOCHS = ("mlp", "wide"), (3, 6)


def cell(head, epochs):
    levels = {"policy.head.use": head, "train.epochs": epochs}
    return {
        "name": f"head={head},epochs={epochs}",
        "spec_name": "base",
        "levels": levels,
        "overrides": [f'policy.head.use="{head}"', f"train.epochs={epochs}"],
        "spec": changed(SPEC, levels),
    }


def planned(folder, cells, /, *, seeds=(0, 1, 2), design="grid", **others):
    """A sweep of which nothing has been run."""
    folder.mkdir(parents=True)
    table = {
        "format": 1,
        "bczoo": "0.1.0",
        "design": design,
        "specs": [{"name": "base", "spec": cells[0]["spec"]}],
        "vary": [
            {"key": "policy.head.use", "levels": list(HEADS)},
            {"key": "train.epochs", "levels": list(EPOCHS)},
        ],
        "seeds": list(seeds),
        "cells": cells,
    }
    (folder / "sweep.json").write_text(json.dumps(table | others), encoding="utf-8")
    return folder


def run(folder, cell, seed, successes, **settings):
    spec = cell["levels"] | {"seed": seed}
    return evaluated(folder / "runs" / f"{cell['name']},seed={seed}", successes, spec=spec, **settings)


@pytest.fixture
def cells():
    return [cell(head, epochs) for head in HEADS for epochs in EPOCHS]


@pytest.fixture
def sweep(tmp_path, cells):
    """A grid that is done: the wide head is better by 20 of 40 starts, epochs change nothing."""
    folder = planned(tmp_path / "sweeps" / "heads", cells)
    for one in cells:
        for seed in (0, 1, 2):
            run(folder, one, seed, "1" * 30 + "0" * 10 if "wide" in one["name"] else "1" * 10 + "0" * 30)
    return folder


def test_a_sweep_that_is_done_has_every_run_with_its_evaluation(sweep):
    found = read_sweep(sweep)
    assert (found.name, found.plan.design, found.notes) == ("heads", "grid", [])
    assert [run.name for run in found.runs[:2]] == ["head=mlp,epochs=3,seed=0", "head=mlp,epochs=6,seed=0"]
    assert {run.state for run in found.runs} == {"done"}
    assert all(len(run.judged.starts) == 40 for run in found.runs)


def test_the_leaderboard_ranks_cells_and_gives_equal_ones_the_same_rank(sweep):
    board = read_sweep(sweep).leaderboard
    assert [(place.rank, place.cell) for place in board] == [
        (1, "head=wide,epochs=3"),
        (1, "head=wide,epochs=6"),
        (3, "head=mlp,epochs=3"),
        (3, "head=mlp,epochs=6"),
    ]
    assert board[0].success_rate == 0.75
    assert board[0].interval[0] < 0.75 < board[0].interval[1]
    assert board[0].rates == {0: 0.75, 1: 0.75, 2: 0.75}
    assert (board[0].median_steps, board[0].minutes, board[0].parameters, board[0].done) == (10.0, None, None, 3)


def test_the_effect_of_a_key_is_paired_over_everything_else(sweep):
    head, epochs = read_sweep(sweep).effects
    assert (head.key, head.level, head.baseline) == ("policy.head.use", "wide", "mlp")
    assert (head.cells, head.pairs, head.seeds, head.starts) == (2, 6, 3, 40)
    assert (head.won, head.lost, head.difference, head.significant) == (120, 0, 0.5, True)
    assert head.verdict.startswith(
        "With policy.head.use = wide, runs succeed more often than with mlp: +50.0 points (95"
    )
    assert (epochs.difference, epochs.p_value, epochs.significant) == (0.0, 1.0, False)
    assert epochs.verdict.startswith("train.epochs = 6 and 3 do not differ significantly: +0.0 points (95 % interval -")


def test_only_what_both_levels_have_is_compared(tmp_path, cells):
    folder = planned(tmp_path / "sweeps" / "half", cells)
    mlp3, _, wide3, wide6 = cells
    run(folder, mlp3, 0, "1" * 10 + "0" * 30)
    run(folder, wide3, 0, "1" * 20 + "0" * 10, first=10)
    run(folder, wide3, 1, "1" * 40)
    run(folder, wide6, 1, "1" * 40)
    head, epochs = read_sweep(folder).effects
    assert (head.pairs, head.seeds, head.starts, head.won, head.lost) == (1, 1, 30, 20, 0)
    assert head.verdict.endswith("With one seed, this is about these trained policies.")
    assert (epochs.pairs, epochs.difference) == (1, 0.0)


def test_one_at_a_time_each_level_is_compared_with_the_base_cell(tmp_path, cells):
    chosen = [cells[0], cells[2], cells[1]]
    folder = planned(tmp_path / "sweeps" / "one", chosen, design="one-at-a-time")
    for number, one in enumerate(chosen):
        run(folder, one, 0, "1" * (10 + number) + "0" * (10 - number))
    head, epochs = read_sweep(folder).effects
    assert (head.cells, head.difference, epochs.cells, epochs.difference) == (1, 0.05, 1, 0.1)


def test_p_values_are_corrected_for_all_effects(sweep, cells):
    for effect in read_sweep(sweep).effects:
        assert effect.corrected_p >= effect.p_value
    assert read_sweep(sweep).effects[0].corrected_p == 2 * read_sweep(sweep).effects[0].p_value


def test_runs_that_were_judged_from_other_starts_are_not_compared(tmp_path):
    cells = [cell("mlp", 3), cell("wide", 3)]
    folder = planned(tmp_path / "sweeps" / "apart", cells, vary=[{"key": "policy.head.use", "levels": list(HEADS)}])
    run(folder, cells[0], 0, "1" * 20)
    run(folder, cells[1], 0, "1" * 20, first=20)
    (head,) = read_sweep(folder).effects
    assert (head.pairs, head.starts, head.difference) == (1, 0, None)
    assert head.verdict == (
        "policy.head.use = wide cannot be compared with mlp: their runs were judged from different starts."
    )


def test_what_failed_and_what_waits_is_told(tmp_path, cells):
    folder = planned(tmp_path / "sweeps" / "begun", cells[:1] + cells[2:3])
    run(folder, cells[0], 0, "1" * 40)
    (folder / "failed").mkdir()
    (folder / "failed" / "head=mlp,epochs=3,seed=1.txt").write_text("words\nerror: no memory\n\n", encoding="utf-8")
    found = read_sweep(folder)
    assert [(run.name, run.error) for run in found.runs if run.state == "failed"] == [
        ("head=mlp,epochs=3,seed=1", "error: no memory")
    ]
    place, empty = found.leaderboard
    assert (place.done, place.failed, place.waiting, place.rates) == (1, 1, 1, {0: 1.0, 1: None, 2: None})
    assert (empty.rank, empty.success_rate, empty.interval, empty.waiting) == (None, None, None, 3)
    assert found.effects[0].verdict == (
        "policy.head.use = wide cannot be compared with mlp yet: no two runs that are done differ in this alone."
    )
    assert found.notes[0].startswith("1 of 6 runs are finished, 1 failed and 4 wait; ")
    json.dumps(found.as_json(), allow_nan=False)


def test_a_run_without_an_evaluation_is_done_and_has_no_rate(tmp_path, cells):
    folder = planned(tmp_path / "sweeps" / "trained", cells[:1], seeds=[0], vary=[])
    made = run(folder, cells[0], 0, "1")
    (made / "eval.json").write_text('{"success_rate": null, "episodes": 0, "table": []}', encoding="utf-8")
    found = read_sweep(folder)
    assert (found.runs[0].state, found.runs[0].judged, found.leaderboard[0].rank) == ("done", None, None)


def test_minutes_and_parameters_are_those_that_runs_tell(sweep):
    folder = sweep / "runs" / "head=wide,epochs=3,seed=1"
    (folder / "metrics.jsonl").write_text('{"seconds": 90}\n{"seconds": 30.0}\n', encoding="utf-8")
    (folder / "versions.json").write_text('{"parameters": 1234}', encoding="utf-8")
    place = read_sweep(sweep).leaderboard[0]
    assert (place.minutes, place.parameters) == (2.0, 1234)


def test_a_policy_file_tells_the_parameters_that_early_runs_did_not_note(sweep):
    folder = sweep / "runs" / "head=wide,epochs=3,seed=0"
    weights = {"a.weight": np.zeros((3, 4), np.float32), "normalizer.mean": np.zeros(9, np.float32)}
    save_file(weights, folder / "policy.safetensors")
    (folder / "metrics.jsonl").write_text('{"seconds": 60}\n{"seco', encoding="utf-8")  # a kill cut it short
    place = read_sweep(sweep).leaderboard[0]
    assert (place.minutes, place.parameters) == (1.0, 12)


def test_a_run_of_today_may_name_defaults_that_the_plan_did_not_know(tmp_path):
    found = make_plan(["bc_cnn"], vary={}, seeds=[0])
    table, wanted = found.as_json(), found.cells[0].spec
    early = wanted | {"train": {key: value for key, value in wanted["train"].items() if key != "keep"}}
    table["cells"][0]["spec"] = early
    folder = tmp_path / "s"
    made = folder / "runs" / "bc_cnn,seed=0"
    made.mkdir(parents=True)
    write_json(folder / "sweep.json", table)
    (made / "spec.toml").write_text(tomli_w.dumps(wanted), encoding="utf-8")
    assert [run.state for run in read_sweep(folder).runs] == ["waiting"]
    other = wanted | {"train": wanted["train"] | {"keep": 9}}
    (made / "spec.toml").write_text(tomli_w.dumps(other), encoding="utf-8")
    with pytest.raises(BczooError, match=r"is not the run that its sweep asks for: train.keep is 9 there, not 2; move"):
        read_sweep(folder)


def test_a_run_with_another_spec_is_an_error(sweep, cells):
    folder = sweep / "runs" / "head=wide,epochs=3,seed=1"
    (folder / "spec.toml").write_text(tomli_w.dumps(cells[2]["spec"] | {"seed": 5}), encoding="utf-8")
    with pytest.raises(
        BczooError, match=r"is not the run that its sweep asks for: seed is 5 there, not 1; move it away"
    ):
        read_sweep(sweep)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "it is not of format 1, which this bczoo reads"),
        ({"seeds": ["a"]}, "seeds.0: expected a whole number, got 'a'"),
        ({"seeds": []}, "it has no cell or no seed"),
        ({"seeds": [1, 1]}, "a cell or a seed is there twice"),
        ({"cells": [{"name": "x" * 300, "spec_name": "", "levels": {}, "overrides": []}]}, "is no name of a cell"),
        ({"cells": [{"name": "../../x", "spec_name": "", "levels": {}, "overrides": []}]}, "'../../x' is no name of a"),
        (
            {"cells": [{"name": "x", "spec_name": "", "levels": {}, "overrides": []}]},
            "cell 'x' has no level of 'policy.",
        ),
        ({"design": "spiral"}, "design: 'spiral' is not one of 'grid', 'one-at-a-time'"),
    ],
)
def test_a_damaged_plan_is_one_sentence(tmp_path, cells, change, said):
    folder = planned(tmp_path / "sweeps" / "torn", cells, **change)
    with pytest.raises(BczooError, match=r"sweep.json: cannot be read as a sweep: ") as error:
        read_sweep(folder)
    assert said in str(error.value)


def test_a_folder_without_a_plan_is_no_sweep(tmp_path):
    with pytest.raises(InputError, match=r"holds no sweep \(no sweep.json\); give its folder, e.g. sweeps/NAME"):
        read_sweep(tmp_path)
