"""The grid of starts: who fails where."""

from evaluations import evaluated

from bczoo.engine.report import grid
from bczoo.engine.report.grid import build_grid
from bczoo.engine.report.groups import grouped
from bczoo.engine.report.sources import read_source, short_names


def sources(tmp_path, *runs):
    made = [evaluated(tmp_path / f"run{i}", successes) for i, successes in enumerate(runs)]
    return [read_source(folder, folder.name) for folder in made]


def shown(found):
    return ["".join("-" if start is None else "01"[start.success] for start in row) for _, row in found.rows]


def test_the_hardest_starts_stand_first(tmp_path):
    found = build_grid(sources(tmp_path, "1101", "0101", "0111"))
    assert [(index, lost) for index, _, lost in found.starts] == [(0, 2), (2, 2), (1, 0), (3, 0)]
    assert shown(found) == ["1011", "0011", "0111"]
    assert found.sentences == [
        "2 of 4 starts are won by every run, 0 of 4 starts are lost by every run.",
        "The hardest: start 0 (2 of 3 fail), start 2 (2 of 3 fail).",
    ]


def test_a_start_that_a_run_was_not_judged_from_is_left_empty(tmp_path):
    found = build_grid(sources(tmp_path, "10", "1010"))
    assert shown(found) == ["0-1-", "0011"]


def test_where_no_run_fails_there_is_no_grid(tmp_path):
    assert build_grid(sources(tmp_path, "11", "11")) is None
    assert build_grid([]) is None


def test_of_very_many_starts_the_hardest_are_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "WIDEST", 2)
    found = build_grid(sources(tmp_path, "11010", "11011"))
    assert [index for index, _, _ in found.starts] == [2, 4]
    assert (found.left_out, found.all_win, found.all_fail) == (3, 3, 1)
    assert found.sentences[-1] == "The 2 hardest are shown; the other 3 are easier for all."


def test_names_are_as_short_as_they_tell_folders_apart(tmp_path):
    folders = [tmp_path / "a" / "runs" / "one", tmp_path / "b" / "runs" / "one", tmp_path / "b" / "runs" / "two"]
    assert short_names(folders[1:]) == ["one", "two"]
    assert short_names(folders) == ["a/runs/one", "b/runs/one", "b/runs/two"]


def test_a_group_is_called_what_its_runs_have_in_common(tmp_path):
    names = {"x-seed0": 0, "x-seed1": 1, "pool=avg,seed=0": 0, "pool=avg,seed=1": 1, "abs0": 0, "abs1": 1}
    changes = {"x": 1, "p": 2, "a": 3}
    made = [
        evaluated(tmp_path / name, "10", spec={"seed": seed, "train.epochs": changes[name[0]]})
        for name, seed in names.items()
    ]
    groups = grouped(read_source(folder, folder.name) for folder in made)
    assert [(group.name, len(group.runs)) for group in groups] == [("x", 2), ("pool=avg", 2), ("abs", 2)]
