"""What the page says in words: how it was measured, how it is made again, and what is to be borne in mind."""

import json

import pytest
from evaluations import evaluated
from pages import swept, trained

from bczoo.engine.report.gather import gather
from bczoo.engine.report.groups import grouped
from bczoo.engine.report.method import how_measured
from bczoo.engine.report.sources import read_source
from bczoo.engine.report.standing import beside_baseline, standing
from bczoo.engine.report.sweeps import sweep_result
from bczoo.engine.report.words import command_of
from bczoo.engine.sweep_results import read_sweep


def sources(*folders):
    return [read_source(folder, folder.name) for folder in folders]


def test_where_evaluations_differ_in_how_they_were_made_all_of_it_is_said(tmp_path):
    one = evaluated(tmp_path / "one", "10")
    other = evaluated(tmp_path / "two", "1010", spec={"env.size": 4, "eval.execute": 2}, told={"success_rule": "else"})
    said = " ".join(how_measured(sources(one, other), [], [], sweep=True))
    assert "Success: at the goal, at any step or else." in said
    assert "2 or 4 of them, drawn in advance from eval.seed = 0." in said
    assert "Env: use = toy, size = 3 or 4; policies act with execute = 1 or 2." in said


@pytest.mark.parametrize(
    ("told", "command"),
    [
        ({}, "bczoo eval p --episodes 20 --seed 0 --execute 1"),
        ({"settings.ensemble": 0.01}, "bczoo eval p --episodes 20 --seed 0 --execute 1 --ensemble 0.01"),
        (
            {"spec": {"eval": {"ensemble": 0.01, "shift": ["fog"]}}},
            "bczoo eval p --episodes 20 --seed 0 --execute 1 --no-ensemble --no-shift",
        ),
    ],
)
def test_the_command_of_an_evaluation_asks_for_what_was_asked_for_then(tmp_path, told, command):
    (source,) = sources(evaluated(tmp_path / "e", "10", told=told | {"policy": "p"}))
    assert command_of(source) == command


def test_the_shifts_of_an_evaluation_are_in_its_command(tmp_path):
    folder = evaluated(tmp_path / "e", "10", told={"policy": "p"})
    told = json.loads((folder / "eval.json").read_text())
    told["shifted"] = [{"shift": {"name": "fog", "strength": 2.0}, "table": told["table"]}]
    (folder / "eval.json").write_text(json.dumps(told))
    assert command_of(*sources(folder)).endswith(" --execute 1 --shift fog=2")


def test_a_run_without_a_counterpart_is_said_not_to_count(tmp_path):
    runs = [trained(tmp_path / f"a-s{seed}", "1" * 40 + "0" * 20, seed=seed) for seed in range(3)]
    runs.append(trained(tmp_path / "b", "0" * 40 + "1" * 20, spec={"train.epochs": 9}))
    (beside,), notes = beside_baseline(grouped(sources(*runs)))
    assert notes == [
        "There are 3 judged runs of a, and 1 of b; two specs are compared by as many as both have, those with the "
        "lowest seeds."
    ]
    assert "b succeeds less often than a: -33.3 points over starts (" in beside.sentence
    assert beside.sentence.endswith(" With one pair of runs, this is about these trained policies.")


def test_levels_that_cannot_be_compared_yet_are_not_said_to_be_alike(tmp_path):
    runs = {("a", 0): "10" * 30, ("b", 0): "01" * 30, ("c", 0): ""}
    levels = {"a": {"train.epochs": 3}, "b": {"train.epochs": 4}, "c": {"train.epochs": 5}}
    folder = swept(tmp_path / "sweep", runs, {"train.epochs": [3, 4, 5]}, levels)
    standings = [found for group in gather([folder]).groups if (found := standing(group))]
    told = sweep_result(read_sweep(folder), standings)
    assert told[0].startswith("Of 2 cells, a has the highest success rate (as has 1 more)")
    assert told[1:] == ["No significant difference from the first level: train.epochs = 4."]
