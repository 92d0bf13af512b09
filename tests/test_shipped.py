"""The policies that come with bczoo: what they are, that they are found, and that they do what is recorded of them."""

import json
import re
from pathlib import Path

import attrs
import pytest

import bczoo
from bczoo.engine.checkpoint import load_with_spec, read_header
from bczoo.engine.evaluate import evaluate
from bczoo.engine.spec_changes import changes
from bczoo.schema import unstructure
from bczoo.shipped import policy_file, shipped
from bczoo.specfile import load_spec, recipes

ROOT = Path(__file__).parents[1]
RECORD = json.loads((ROOT / "docs" / "zoo" / "recipes.json").read_text(encoding="utf-8"))
STARTS = 20
LARGEST = 8_000_000  # bytes of all of them
every_policy = pytest.mark.parametrize("name", sorted(shipped()))


def recorded(name):
    """The run of seed 0 in the record of the sweep."""
    cell = next(cell["name"] for cell in RECORD["cells"] if cell["levels"]["spec"] == name)
    return next(run for run in RECORD["runs"] if (run["cell"], run["seed"]) == (cell, 0))


def test_there_are_some_and_they_take_little_room():
    assert "bc_cnn" in shipped()
    assert sum(path.stat().st_size for path in shipped().values()) < LARGEST


@every_policy
def test_a_policy_has_the_spec_of_its_recipe_and_the_weights_of_the_record(name):
    _, spec = load_with_spec(f"zoo:{name}")
    assert changes(unstructure(spec), unstructure(load_spec(name))) == []
    assert read_header(f"zoo:{name}")["sha256"]["tensors"] == recorded(name)["sha256"]


@every_policy
def test_a_policy_names_no_place_on_the_machine_that_trained_it(name):
    assert re.search(r'"[^"]*[/\\\\][^"]*"', json.dumps(read_header(f"zoo:{name}"))) is None


@every_policy
def test_a_policy_reaches_its_recorded_result(name):
    """Machines round differently, and one start may end differently there."""
    policy, spec = load_with_spec(f"zoo:{name}")
    report = evaluate(policy, spec.env, attrs.evolve(spec.eval, episodes=STARTS))
    marks = ["01"[episode.success] for episode in report.table]
    wanted = recorded(name)["successes"][:STARTS]
    assert sum(mark != other for mark, other in zip(marks, wanted, strict=True)) <= 1


def test_every_policy_is_of_a_recipe():
    assert shipped().keys() <= recipes().keys()


def test_a_name_stands_for_a_file_and_a_path_for_itself():
    assert policy_file("zoo:bc_cnn") == shipped()["bc_cnn"]
    assert policy_file(Path("zoo:bc_cnn")) == shipped()["bc_cnn"]
    assert policy_file("zoo/bc_cnn.safetensors") == Path("zoo/bc_cnn.safetensors")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("zoo:bc_cn", "no policy called 'bc_cn' comes with bczoo; did you mean 'bc_cnn'?"),
        ("zoo:", "no policy called '' comes with bczoo; known: "),
        ("zoo:../recipes/bc_cnn", "no policy called '../recipes/bc_cnn' comes with bczoo; "),
    ],
)
def test_an_unknown_name_is_one_sentence_with_near_ones(name, said):
    for use in (bczoo.load_policy, bczoo.evaluate, load_with_spec, read_header):
        with pytest.raises(bczoo.InputError, match=re.escape(said)):
            use(name)


def test_the_command_line_judges_one_and_says_which(call_cli, tmp_path):
    done = call_cli("eval", "zoo:bc_cnn", "--episodes", "2", "--videos", "0", "--quiet", "--out", "there")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "there" / "eval.json").read_text())["policy"] == "zoo:bc_cnn"


@pytest.mark.parametrize("args", [["eval", "zoo:bc_cn"], ["export", "zoo:bc_cn", "--to", "p.onnx"]], ids=lambda a: a[0])
def test_the_command_line_refuses_an_unknown_one_before_anything_is_made(call_cli, tmp_path, args):
    done = call_cli(*args)
    assert done.returncode == 2
    assert done.stderr == "error: no policy called 'bc_cn' comes with bczoo; did you mean 'bc_cnn'?\n"
    assert list(tmp_path.iterdir()) == []


def test_recipes_says_which_have_a_trained_policy(call_cli):
    rows = [line.split() for line in call_cli("recipes").stdout.splitlines()[1:]]
    assert {row[0] for row in rows if row[1] == f"zoo:{row[0]}"} == shipped().keys()
    assert {row[1] for row in rows if row[0] not in shipped()} == {"-"}
