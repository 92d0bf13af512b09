"""`bczoo compare` as it is called and read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from evaluations import evaluated


@pytest.fixture
def runs(tmp_path):
    """A baseline, a run that is better, and one that is not, of 60 starts."""
    evaluated(tmp_path / "runs" / "base", "1" * 30 + "0" * 30, steps=[20] * 60)
    spec = {"policy.head": {"use": "mixture", "modes": 5}, "seed": 1}
    evaluated(tmp_path / "runs" / "better", "0" * 4 + "1" * 44 + "0" * 12, steps=[18] * 30 + [25] * 30, spec=spec)
    evaluated(tmp_path / "runs" / "alike", "0" * 2 + "1" * 33 + "0" * 25, spec={"seed": 2})


def test_the_figures_the_changes_and_the_verdict_are_printed(runs, call_cli):
    told = call_cli("compare", "runs/base", "runs/better")
    assert (told.returncode, told.stderr) == (0, "")
    assert [line.rstrip() for line in told.stdout.splitlines()] == GOLDEN.splitlines()


def test_the_guide_shows_what_is_printed():
    guide = Path(__file__).parents[2] / "docs" / "howto" / "compare.md"
    assert GOLDEN in guide.read_text(encoding="utf-8")


def test_of_several_runs_each_is_compared_with_the_first(runs, call_cli):
    told = call_cli("compare", "runs/base", "runs/better", "runs/alike")
    assert told.returncode == 0
    assert "p (Holm)" in told.stdout
    assert "runs/alike has the spec of runs/base, but for\nseeds: seed 0 | 2\n" in told.stdout
    assert "runs/better succeeds more often than runs/base: " in told.stdout
    assert "runs/alike and runs/base do not differ significantly: +5.0 points" in told.stdout


def test_json_holds_everything_for_scripts(runs, call_cli):
    told = call_cli("compare", "runs/base", "runs/better", "--json")
    assert (told.returncode, told.stderr) == (0, "")
    found = json.loads(told.stdout)
    assert found["starts"] == 60
    assert [run["name"] for run in found["outcomes"]] == ["runs/base", "runs/better"]
    (contrast,) = found["contrasts"]
    assert (contrast["won"], contrast["lost"], contrast["significant"]) == (18, 4, True)
    assert {change["key"]: change["run"] for change in contrast["changes"]}["policy.head.modes"] == 5


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["runs/base"], 2, "error: give two or more evaluated runs to compare, the baseline first\n"),
        (["runs/base", "runs/bas"], 2, "error: runs/bas holds no evaluation (no eval.json); give the folder"),
        (["runs/base", "runs/torn"], 1, "error: runs/torn/eval.json: cannot be read as an evaluation: "),
        ([], 2, "Missing argument 'BASELINE RUN...'"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(runs, tmp_path, call_cli, args, code, said):
    (tmp_path / "runs" / "torn").mkdir()
    (tmp_path / "runs" / "torn" / "eval.json").write_text('{"table": [')
    told = call_cli("compare", *args)
    assert (told.returncode, told.stdout) == (code, "")
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_nothing_that_a_file_says_reaches_the_terminal_as_it_is(runs, tmp_path, call_cli):
    spec = {"policy.head": {"use": "\x1b[31mred\n", "\x07bell": "x" * 500}}
    evaluated(tmp_path / "runs" / "odd", "1" * 60, spec=spec)
    told = call_cli("compare", "runs/base", "runs/odd")
    assert told.returncode == 0
    assert "\\x1b[31mred" in told.stdout
    assert not {"\x1b", "\x07"} & set(told.stdout)
    assert max(map(len, told.stdout.splitlines())) < 200


def test_neither_torch_nor_an_env_is_imported(runs, tmp_path):
    program = (
        "import sys, bczoo; bczoo.compare(['runs/base', 'runs/better']); "
        "sys.exit(any(name.partition('.')[0] in ('torch', 'gymnasium') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, timeout=60).returncode == 0


GOLDEN = """\
60 starts in common; rule: at the goal, at any step

run          success   95 % interval  difference  95 % interval  won : lost       p
runs/base      50.0%  37.7% to 62.3%
runs/better    73.3%  61.0% to 82.9%       +23.3  +8.7 to +37.6      18 : 4  0.0043

run          steps  difference  95 % interval  return  difference   95 % interval
runs/base       20                                0.5
runs/better     18          -2       -2 to -2  0.7333      +0.233  +0.1 to +0.367

spec                 runs/base  runs/better
policy.head.use      mlp        mixture
policy.head.dropout  0.0        -
policy.head.modes    -          5
seeds: seed 0 | 1

runs/better succeeds more often than runs/base: +23.3 points (95 % interval +8.7 to +37.6), p = 0.0043.
note: This is about these trained policies; to see what a change of the spec does, train it with several seeds.
"""
