"""What a report says of which folders, and what it leaves out."""

import json
import subprocess
import sys

import pytest
from evaluations import evaluated
from pages import Read, begin, filmed, swept, trained

import bczoo
from bczoo.errors import BczooError, InputError

BASE, BETTER = "1" * 30 + "0" * 30, "0" * 4 + "1" * 44 + "0" * 12


@pytest.fixture
def page(tmp_path):
    """Writes a report and reads it."""

    def write(*folders):
        to = tmp_path / "report.html"
        to.unlink(missing_ok=True)
        bczoo.report(folders, to)
        return Read(to)

    return write


def test_one_run_is_told_with_its_rate_and_interval_and_nothing_it_is_compared_with(tmp_path, page):
    found = page(trained(tmp_path / "runs" / "mine", BASE))
    assert "mine succeeds from 30 of 60 held-out starts: 50.0% (95 % interval 37.7% to 62.3%)." in found.text
    assert found.sections == ["result", "leaderboard", "starts", "curves", "again", "method"]


def test_the_first_sentences_are_the_verdicts_of_a_comparison(tmp_path, page):
    runs = [trained(tmp_path / "runs" / "base", BASE)]
    runs.append(trained(tmp_path / "runs" / "better", BETTER, spec={"policy.head.dropout": 0.5}))
    found = page(*runs)
    assert "base succeeds from 30 of 60 held-out starts" in found.text
    assert "better succeeds more often than base: +23.3 points (95 % interval +8.7 to +37.6), p = 0.0043." in found.text
    assert "▲ better" in found.text
    assert "≠ 0.5" in found.text
    assert {"comparison", "specs"} <= set(found.sections)


def test_a_difference_that_is_not_significant_is_said_not_to_be(tmp_path, page):
    runs = [evaluated(tmp_path / "one", BASE), evaluated(tmp_path / "two", "0" * 2 + "1" * 33 + "0" * 25)]
    found = page(*runs)
    assert "two and one do not differ significantly: +5.0 points" in found.text
    assert "≈ not significant" in found.text
    assert "Not significant does not mean equal" in found.text


def test_of_many_runs_the_first_sentences_are_counts(tmp_path, page):
    runs = [evaluated(tmp_path / "base", BASE)]
    for i in range(3):
        runs.append(evaluated(tmp_path / f"good{i}", "1" * 60, spec={"policy.head.dropout": 0.1 * (i + 1)}))
    for i in range(3):
        runs.append(evaluated(tmp_path / f"like{i}", BASE, spec={"train.epochs": 10 + i}))
    found = page(*runs)
    assert "3 of 6 others succeed significantly more often: good0, good1, good2." in found.text
    assert "good0 has the highest success rate: 100.0% (95 % interval 94.0% to 100.0%)." in found.text
    assert "3 of 6 others do not differ significantly from base." in found.text


def test_trainings_of_one_spec_with_several_seeds_stand_together(tmp_path, page):
    runs = [trained(tmp_path / "runs" / f"a-s{seed}", "1" * 50 + "0" * 10, seed=seed) for seed in range(3)]
    worse = {"policy.head.dropout": 0.5}
    runs += [trained(tmp_path / "runs" / f"b-s{seed}", "1" * 20 + "0" * 40, seed=seed, spec=worse) for seed in range(3)]
    found = page(*runs)
    assert "a succeeds from 83.3% of the held-out starts, over 3 seeds" in found.text
    assert "b succeeds less often than a: -50.0 points over seeds and starts" in found.text
    assert "83.3, 83.3, 83.3" in found.text


def test_the_same_policy_judged_again_is_no_further_seed(tmp_path, page):
    run = trained(tmp_path / "runs" / "mine", BASE)
    again = evaluated(tmp_path / "evals" / "again", BASE)
    assert "over 2 seeds" not in page(run, again).text


def test_a_run_under_way_is_shown_with_how_far_it_is_and_without_a_result(tmp_path, page):
    found = page(trained(tmp_path / "runs" / "done", BASE), begin(tmp_path / "runs" / "begun", [0.9, 0.6]))
    assert "1 of 2 runs has no result: 1 unfinished." in found.text
    assert "unfinished: 2 of 3 epochs" in found.text
    assert "- begun - - - - - 1,234 unfinished" in found.text  # how long a whole training takes is not known
    assert "comparison" not in found.sections


def test_where_nothing_is_evaluated_it_says_so(tmp_path, page):
    unjudged = begin(tmp_path / "robot")
    (unjudged / "eval.json").write_text(json.dumps({"success_rate": None, "episodes": 0, "table": []}))
    found = page(begin(tmp_path / "begun"), unjudged)
    assert "Nothing is evaluated yet, so there is no result to report." in found.text
    assert "2 of 2 runs have no result: 1 unfinished, 1 not evaluated." in found.text


def test_shifts_and_rollouts_during_training_are_shown_where_they_are(tmp_path, page):
    run = trained(tmp_path / "runs" / "mine", "1110", success=[0.25, 0.5, 0.75])
    told = json.loads((run / "eval.json").read_text())
    told["shifted"] = [{"shift": {"name": "lighting", "strength": 2.0}, "table": told["table"], "later": 1}]
    told["shifted"][0]["table"] = [row | {"success": row["index"] == 3} for row in told["table"]]
    told["during_training"] = {
        "success_max": 0.75,
        "success_mean_last": 0.5,
        "last": 3,
        "rollouts": 3,
        "episodes": 20,
    }
    (run / "eval.json").write_text(json.dumps(told))
    found = page(run)
    assert {"shifts", "during"} <= set(found.sections)
    assert "mine lighting=2 25.0%" in found.text
    assert found.text.count("Success during training") >= 1
    assert " 3 1 " in found.text.partition("mine lighting=2")[2][:60]  # three starts lost by it, and one won


def test_films_are_inside_with_failures_first_and_their_starts_named(tmp_path, page):
    good, bad = trained(tmp_path / "good", "1111"), trained(tmp_path / "bad", "1010", told={"settings.videos": 3})
    filmed(good)
    filmed(bad)
    found = page(good, bad)
    films = found.all("video")
    assert [film["aria-label"] for film in films] == ["bad: 2 of 4 starts fail", "good: no start fails"]
    assert all(film["src"].startswith("data:video/mp4;base64,") and film["preload"] == "none" for film in films)
    assert "start: 1 (failure), 3 (failure), 0 (success)." in found.text


def test_a_sweep_begins_with_its_best_cell_and_what_makes_a_difference(tmp_path, page):
    won = {"p=avg": "1" * 10 + "0" * 50, "p=max": "1" * 55 + "0" * 5}
    runs = {(cell, seed): successes for cell, successes in won.items() for seed in (0, 1, 2)}
    levels = {"p=avg": {"policy.head.use": "avg"}, "p=max": {"policy.head.use": "max"}}
    sweep = swept(tmp_path / "sweeps" / "pool", runs, {"policy.head.use": ["avg", "max"]}, levels)
    found = page(sweep)
    assert (
        "Of 2 cells, p=max has the highest success rate: it succeeds from 91.7% of the held-out starts over 3 seeds"
        in found.text
    )
    assert "With policy.head.use = max, runs succeed more often than with avg: +75.0 points" in found.text
    assert 'bczoo sweep --spec base.toml --vary \'policy.head.use="avg","max"\' --seeds 0,1,2' in found.text
    assert "effects" in found.sections
    assert "comparison" not in found.sections


def test_a_sweep_that_is_partly_done_says_which_runs_wait_and_which_failed(tmp_path, page):
    runs = {("a", 0): BASE, ("a", 1): "", ("b", 0): BASE, ("b", 1): ""}
    levels = {"a": {"train.epochs": 3}, "b": {"train.epochs": 4}}
    sweep = swept(tmp_path / "sweeps" / "part", runs, {"train.epochs": [3, 4]}, levels)
    (sweep / "failed").mkdir()
    (sweep / "failed" / "b,seed=1.txt").write_text("working\nerror: <b>no memory</b>\n")
    found = page(sweep)
    assert "2 of 4 runs are finished, 1 failed and 1 wait" in found.text
    assert "b,seed=1 failed: error: <b>no memory</b>" in found.text  # as text: it is unescaped by the reader
    assert "1 of 2 done; failed" in found.text


def test_a_sweep_beside_a_run_is_compared_with_the_first_of_them(tmp_path, page):
    levels = {"a": {"train.epochs": 3}, "b": {"train.epochs": 4}}
    runs = {("a", 0): BASE, ("b", 0): BETTER}
    sweep = swept(tmp_path / "sweeps" / "part", runs, {"train.epochs": [3, 4]}, levels)
    found = page(evaluated(tmp_path / "evals" / "old", BASE, spec={"train.epochs": 9}), sweep)
    assert {"effects", "comparison"} <= set(found.sections)
    assert "part/b succeeds more often than old" in found.text


# ---- what is refused


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    run = evaluated(tmp_path / "run", BASE)
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(InputError, match=r"report.html exists and will not be overwritten; choose .* report-2.html"):
        bczoo.report(run, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == "mine"


def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path):
    with pytest.raises(BczooError, match=r"cannot write .*No such file or directory"):
        bczoo.report(evaluated(tmp_path / "run", BASE), tmp_path / "nowhere" / "report.html")


def test_runs_that_cannot_be_compared_are_refused_as_compare_does(tmp_path):
    runs = [evaluated(tmp_path / "one", BASE), evaluated(tmp_path / "two", BASE, spec={"env.size": 4})]
    with pytest.raises(InputError, match="two was not evaluated in the env of one"):
        bczoo.report(runs, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_nothing_to_report_on_is_refused(tmp_path):
    with pytest.raises(InputError, match="give the folder of at least one run"):
        bczoo.report([], tmp_path / "report.html")
    with pytest.raises(
        InputError, match=r"holds no run, evaluation or sweep \(no spec.toml, eval.json or sweep.json\)"
    ):
        bczoo.report(tmp_path, tmp_path / "report.html")
    with pytest.raises(InputError, match="there is no folder nowhere; give the folder of a run, runs/NAME"):
        bczoo.report("nowhere", tmp_path / "report.html")


def test_a_folder_of_runs_is_refused_with_what_to_give_instead(tmp_path):
    evaluated(tmp_path / "runs" / "one", BASE)
    with pytest.raises(InputError, match=r"runs holds no run.*; for all that is in it, give .*runs/\*$"):
        bczoo.report(tmp_path / "runs", tmp_path / "report.html")


@pytest.mark.parametrize("name", ["report.pdf", "report", "."])
def test_what_is_no_page_is_not_written(tmp_path, name):
    run = evaluated(tmp_path / "run", BASE)
    with pytest.raises(InputError, match=r"a report is a page of HTML; name a file such as .*\.html"):
        bczoo.report(run, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_page_that_somebody_made_meanwhile_is_not_overwritten(tmp_path, monkeypatch):
    def slow(page):
        (tmp_path / "report.html").write_text("theirs")
        return "ours"

    monkeypatch.setattr("bczoo.engine.report.build.rendered", slow)
    with pytest.raises(InputError, match="will not be overwritten"):
        bczoo.report(evaluated(tmp_path / "run", BASE), tmp_path / "report.html")
    assert [path.read_text() for path in tmp_path.glob("*report.html*")] == ["theirs"]


def test_a_folder_given_twice_counts_once(tmp_path, page):
    run = trained(tmp_path / "runs" / "mine", BASE)
    assert "comparison" not in page(run, run.parent / "." / "mine").sections


def test_a_folder_given_by_another_path_counts_once_and_is_called_as_at_first(tmp_path, page):
    run = trained(tmp_path / "runs" / "mine", BASE)
    (tmp_path / "latest").symlink_to(run)
    found = page(tmp_path / "latest", run, run.parent / ".." / "runs" / "mine")
    assert "latest succeeds from 30 of 60" in found.text
    assert "comparison" not in found.sections


def test_torch_is_not_imported(tmp_path):
    filmed(trained(tmp_path / "run", BASE))
    program = "import sys, bczoo; bczoo.report('run'); sys.exit('torch' in sys.modules or 'gymnasium' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, timeout=60).returncode == 0
