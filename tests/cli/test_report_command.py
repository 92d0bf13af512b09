"""`bczoo report` as it is called and read."""

import pytest
from evaluations import evaluated


@pytest.fixture
def runs(tmp_path):
    """Two evaluated runs, of which the second is better."""
    evaluated(tmp_path / "runs" / "base", "1" * 30 + "0" * 30)
    evaluated(tmp_path / "runs" / "better", "0" * 4 + "1" * 44 + "0" * 12, spec={"policy.head.dropout": 0.5})


def test_it_says_the_result_and_where_the_page_is(runs, tmp_path, call_cli):
    told = call_cli("report", "runs/base", "runs/better")
    assert (told.returncode, told.stderr) == (0, "")
    first, second, note, file = told.stdout.splitlines()
    assert first == "base succeeds from 30 of 60 held-out starts: 50.0% (95 % interval 37.7% to 62.3%)."
    assert second == "better succeeds more often than base: +23.3 points (95 % interval +8.7 to +37.6), p = 0.0043."
    assert note.startswith("note: This is about these trained policies")
    assert file.startswith("file: report.html (0.")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["runs/base", "--to", "there.html"], 2, "error: there.html exists and will not be overwritten"),
        (["runs/bas"], 2, "error: there is no folder runs/bas; give the folder of a run, runs/NAME"),
        (["runs/torn"], 1, "error: runs/torn/eval.json: cannot be read as an evaluation: "),
        (["sweeps/torn"], 1, "error: sweeps/torn/sweep.json: cannot be read as a sweep: "),
        (["runs/base", "--to", "no/where.html"], 1, "error: cannot write no/where.html: "),
        ([], 2, "Missing argument 'RUN|SWEEP...'"),
    ],
)
def test_what_cannot_be_reported_on_is_one_sentence(runs, tmp_path, call_cli, args, code, said):
    (tmp_path / "there.html").write_text("mine")
    for folder, name in (("runs", "eval.json"), ("sweeps", "sweep.json")):
        (tmp_path / folder / "torn").mkdir(parents=True)
        (tmp_path / folder / "torn" / name).write_text('{"table": [')
    told = call_cli("report", *args)
    assert (told.returncode, told.stdout) == (code, "")
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_nothing_that_a_file_says_reaches_the_terminal_as_it_is(tmp_path, call_cli):
    evaluated(tmp_path / "runs" / "odd\x1b[31m", "10")
    told = call_cli("report", "runs/odd\x1b[31m")
    assert told.returncode == 0
    assert "\x1b" not in told.stdout
    assert "odd\\x1b[31m succeeds from 1 of 2" in told.stdout
