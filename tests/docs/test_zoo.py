"""ZOO.md says what its records say, and its sentences what the figures mean."""

import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from blocks import DOCS

from bczoo.errors import BczooError
from bczoo.shipped import shipped
from bczoo.specfile import recipes


@pytest.fixture(scope="module")
def zoo():
    """The modules that make the page."""
    sys.path.insert(0, str(DOCS))
    import make_zoo
    from zoo import answers, measures, page, plan, plots, record

    yield SimpleNamespace(
        make=make_zoo, answers=answers, measures=measures, page=page, plan=plan, plots=plots, record=record
    )
    sys.path.remove(str(DOCS))


def answer(zoo, *rates, starts=100):
    """The answer to a question whose levels succeed from this many of the starts, with three seeds alike."""
    wins = [np.tile(np.arange(starts) < round(rate * starts), (3, 1)).astype(float) for rate in rates]
    found = [
        zoo.answers.Found(
            level=zoo.plan.Level(name=f"l{number}", value=number),
            rate=zoo.measures.rate(some),
            apart=zoo.measures.difference(wins[0], some) if number else None,
        )
        for number, some in enumerate(wins)
    ]
    return zoo.answers.Answer(question=zoo.plan.QUESTIONS[0], found=found)


def test_the_page_is_what_the_records_give(zoo):
    page = (DOCS.parent / "ZOO.md").read_text(encoding="utf-8")
    assert page == zoo.make.written(), "run python docs/make_zoo.py --from-records"


def test_every_recipe_is_in_the_table_and_has_a_policy_or_not(zoo):
    rows = [line.split(" | ") for line in zoo.make.written().splitlines() if line.startswith("| `")]
    found = {row[0].strip("|` "): row for row in rows}
    assert recipes().keys() <= found.keys()
    assert {name for name in recipes() if f"`zoo:{name}`" in found[name]} == shipped().keys()


def test_a_recipe_that_was_not_trained_has_no_result(zoo):
    lines = zoo.make.written().splitlines()
    for name in recipes().keys() - set(zoo.plan.RECIPES):
        assert any(line.startswith(f"| `{name}` | not trained: needs a GPU | - | - |") for line in lines)


def test_a_picture_is_of_the_records_says_what_it_shows_and_knows_the_dark(zoo):
    for name, (_, title, description) in zoo.plots.plots(zoo.make.recorded()).items():
        picture = (DOCS / "assets" / f"{name}.svg").read_text(encoding="utf-8")
        assert f"docs/assets/{name}.svg" in zoo.make.written()
        assert f"<title>{title}</title>\n<desc>{description}</desc>" in picture
        assert "prefers-color-scheme: dark" in picture


def test_a_large_difference_is_called_significant_and_which_way_it_goes(zoo):
    assert "With l1, success is **significantly lower** than with l0: 40.0 %" in zoo.answers.sentences(
        answer(zoo, 0.9, 0.4)
    )
    assert "With l1, success is **significantly higher** than with l0: 90.0 %" in zoo.answers.sentences(
        answer(zoo, 0.4, 0.9)
    )


def test_a_small_or_no_difference_is_not(zoo):
    for rate in (0.9, 0.89):
        said = zoo.answers.sentences(answer(zoo, 0.9, rate))
        assert said.startswith("Between l1 and l0 **no significant difference** is seen: ")


def test_a_difference_that_is_not_significant_and_may_be_large_is_not_decided(zoo):
    said = zoo.answers.sentences(answer(zoo, 0.9, 0.5, starts=6))
    assert said.startswith("Whether l1 or l0 does better is **not decided**: ")


def test_every_question_asks_for_cells_that_its_sweep_has(zoo):
    records = zoo.make.recorded()
    for question in zoo.plan.QUESTIONS:
        record = records[question.sweep]
        for level in question.levels:
            assert zoo.record.cell_of(record, question.key, level.value) is not None


def test_p_values_are_corrected_for_all_comparisons(zoo):
    found = [zoo.measures.Difference(value=0.1, interval=(0.0, 0.2), p_value=p) for p in (0.03, 0.001)]
    assert [one.p_value for one in zoo.measures.corrected(found)] == pytest.approx([0.03, 0.002])


def test_the_records_are_of_the_sweeps_that_the_page_names(zoo):
    for name, record in zoo.make.recorded().items():
        plan = zoo.plan.planned(name)
        cells = [{"name": cell.name, "levels": cell.levels} for cell in plan.cells]
        assert (record["cells"], record["seeds"]) == (cells, len(plan.seeds))


@pytest.fixture
def sweep(tmp_path):
    """The folder of a sweep of two cells with two seeds, of which one run is not finished."""
    cells = [{"name": name, "spec_name": "bc_cnn", "levels": {"a.b": name}, "overrides": []} for name in ("x", "y")]
    vary = [{"key": "a.b", "levels": ["x", "y"]}]
    plan = {"format": 1, "bczoo": "0", "design": "grid", "specs": [], "vary": vary, "seeds": [0, 1], "cells": cells}
    (tmp_path / "sweep.json").write_text(json.dumps(plan))
    for name in ("x,seed=0", "x,seed=1", "y,seed=0"):
        run(tmp_path / "runs" / name, seed=name.endswith("1"))
    (tmp_path / "runs" / "y,seed=1").mkdir()
    return tmp_path


def run(folder, seed, rule="wins"):
    folder.mkdir(parents=True, exist_ok=True)
    starts = [
        {"index": i, "seed": 7, "success": i < 2 + seed, "steps": 10 + i, "episode_return": 0.0} for i in range(4)
    ]
    told = {"env": {"use": "e"}, "settings": {"seed": 0, "episodes": 4}, "success_rule": rule, "table": starts}
    (folder / "eval.json").write_text(json.dumps(told))
    (folder / "metrics.jsonl").write_text('{"seconds": 30.0}\n{"seconds": 60.0}\n')
    machine = {"versions": {"bczoo": "0"}, "threads": 1, "cpus": 2, "device": "cpu", "precision": "fp32"}
    (folder / "versions.json").write_text(json.dumps(machine))
    shutil.copyfile(shipped()["bc_cnn"], folder / "policy.safetensors")


def test_a_record_has_what_is_finished_of_a_sweep(zoo, sweep, tmp_path):
    zoo.record.write_record("mine", sweep, [], tmp_path)
    record = zoo.record.read_record("mine", tmp_path)
    assert [(one["cell"], one["seed"], one["successes"]) for one in record["runs"]] == [
        ("x", 0, "1100"),
        ("x", 1, "1110"),
        ("y", 0, "1100"),
    ]
    first = record["runs"][0]
    assert (first["steps"], first["minutes"], record["made_with"][first["made_with"]]["cpus"]) == (
        "10 11 12 13",
        1.5,
        2,
    )
    assert (zoo.record.cell_of(record, "a.b", "y"), zoo.record.cell_of(record, "a.b", "z")) == ("y", None)
    assert zoo.record.successes(zoo.record.runs_of(record, "x")).tolist() == [[1, 1, 0, 0], [1, 1, 1, 0]]


def test_runs_that_were_judged_differently_make_no_record(zoo, sweep, tmp_path):
    run(sweep / "runs" / "y,seed=0", seed=0, rule="loses")
    with pytest.raises(BczooError, match="success_rule is loses, and wins in other runs; they cannot be compared"):
        zoo.record.write_record("mine", sweep, [], tmp_path)


def test_the_policies_of_seed_0_are_shipped(zoo, sweep, tmp_path):
    zoo.make.ship(sweep, tmp_path)
    assert (tmp_path / "bc_cnn.safetensors").read_bytes() == shipped()["bc_cnn"].read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "train.epochs=1"], "say where with --to FOLDER"),
        (["--set", "train.epochs=1", "--to", "mine", "--from-records"], "and train it"),
        (["--to", "mine", "--set", "train.epoch=1"], "train.epoch: unknown key; did you mean 'epochs'?"),
        (["--to", "mine", "--as-is"], "error: sweeps/recipes holds no sweep"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_made(zoo, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        zoo.make.main(words)
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_of_sweeps_without_a_finished_run_there_is_no_page(zoo):
    records = {name: record | {"runs": []} for name, record in zoo.make.recorded().items()}
    with pytest.raises(BczooError, match="no run of any sweep is finished"):
        zoo.page.page(records, {})
