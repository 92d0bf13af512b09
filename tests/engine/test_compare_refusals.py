"""What cannot be compared, and files that are no evaluation: a sentence each."""

import json

import pytest
from evaluations import changed, evaluated

from bczoo.engine.compare import compare
from bczoo.errors import BczooError, InputError

BASE = "11110000" * 5


@pytest.fixture
def base(tmp_path):
    return evaluated(tmp_path / "base", BASE)


def test_one_run_alone_is_not_compared(base):
    for alone in ([base], base, str(base), []):
        with pytest.raises(InputError, match="give two or more evaluated runs to compare, the baseline first"):
            compare(alone)


def test_a_run_and_itself_are_one_alone(base, tmp_path):
    (tmp_path / "latest").symlink_to(base)
    with pytest.raises(InputError, match="latest is given twice; give two or more evaluated runs"):
        compare([base, tmp_path / "latest"])


def test_a_folder_without_an_evaluation_is_refused(base, tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "missing", base / "eval.json"):
        with pytest.raises(InputError, match=r"holds no evaluation \(no eval.json\); give the folder of a run"):
            compare([base, path])


def test_a_run_that_was_not_evaluated_is_refused_with_the_command_to_do_so(base, tmp_path):
    (tmp_path / "robot").mkdir()
    nothing = {"success_rate": None, "episodes": 0, "table": [], "weights": "none"}
    (tmp_path / "robot" / "eval.json").write_text(json.dumps(nothing))
    with pytest.raises(InputError, match=r"eval.episodes = 0; .* bczoo eval .*robot/policy.safetensors --episodes 100"):
        compare([base, tmp_path / "robot"])


def test_other_options_of_the_env_are_refused_since_they_make_other_starts(base, tmp_path):
    other = evaluated(tmp_path / "other", BASE, spec={"env.size": 4})
    with pytest.raises(InputError, match=r"was not evaluated in the env of .*: env.size is 4 there and 3 here"):
        compare([base, other])


def test_another_env_is_refused(base, tmp_path):
    other = evaluated(tmp_path / "other", BASE, spec={"env.use": "maze"})
    with pytest.raises(InputError, match=r"env.use is 'maze' there and 'toy' here"):
        compare([base, other])


def test_another_rule_of_success_is_refused(base, tmp_path):
    other = evaluated(tmp_path / "other", BASE, told={"success_rule": "held for a second, at any step"})
    with pytest.raises(InputError, match="do not count the same as success: 'held for a second, at any step' there"):
        compare([base, other])


START = {"index": 4, "seed": 9, "success": True, "steps": 3, "episode_return": 0.0}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("{", "Expecting property name"),
        ("[]", r"expected a table, got \[\]"),
        ('{"table": 3}', "env: required, but missing"),
        (b"\xff", "can't decode byte 0xff"),
        ('{"table": [NaN]}', "NaN is not a finite number"),
        ({"table": [{"index": 0}]}, "table.0.seed: required, but missing"),
        ({"table": [1]}, "expected a table, got 1"),
        ({"table": {}}, "table: expected a list, got {}"),
        ({"success_rule": None}, "success_rule: required, but missing"),
        ({"env": 3}, "env: expected a table, got 3"),
        ({"settings": [1]}, r"settings: expected a table, got \[1\]"),
        ({"table": []}, "its table has no start"),
        ({"table": [START, START]}, "start 4 is there twice"),
        ({"table": [START | {"steps": -1}]}, "table.0.steps: must be >= 0: -1"),
        ({"table": [START | {"steps": 10**400}]}, "table.0.steps: expected a whole number of at most 64 bits"),
        ({"table": [START | {"episode_return": 1e200}]}, r"table.0.episode_return: must be <= 1e\+100: 1e\+200"),
        ({"table": [START | {"success": 1}]}, "table.0.success: expected true or false, got 1"),
    ],
)
def test_a_damaged_eval_json_is_one_sentence(base, tmp_path, told, said):
    other = evaluated(tmp_path / "other", BASE)
    path = other / "eval.json"
    if isinstance(told, dict):
        told = json.dumps(changed(json.loads(path.read_text()), told))
    path.write_bytes(told if isinstance(told, bytes) else told.encode())
    with pytest.raises(BczooError, match=said) as refused:
        compare([base, other])
    assert str(refused.value).startswith(f"{path}: cannot be read as an evaluation: ")
    assert "\n" not in str(refused.value)


def test_a_name_that_no_file_can_have_is_one_sentence(base):
    with pytest.raises(BczooError, match=r"cannot be read as an evaluation: .*File name too long"):
        compare([base, "x" * 5000])


@pytest.mark.parametrize("text", ["seed = ", "a = " + "[" * 2000 + "]" * 2000, "seed = 2024-01-01", "x = nan"])
def test_a_damaged_spec_is_one_sentence(base, tmp_path, text):
    other = evaluated(tmp_path / "other", BASE)
    (other / "spec.toml").write_text(text)
    with pytest.raises(BczooError, match=r"other/spec.toml: cannot be read as a spec: ") as refused:
        compare([base, other])
    assert "\n" not in str(refused.value)
