"""Spec files: found, checked as a whole, and every mistake with its line."""

from textwrap import dedent

import pytest

from bczoo import InputError, Spec, SpecError, load_spec
from bczoo.specfile import dump_spec, find_spec, recipes

SMALL = """\
name = "small"

[env]
use = "push"

[policy.backbone]
use = "cnn"

[train]
epochs = 1
"""


@pytest.fixture
def spec(tmp_path):
    """Write a spec file; lines are counted from the first line of the text."""

    def write(text, name="my.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return path

    return write


def mistakes(path):
    """Every mistake, without the folder in front."""
    with pytest.raises(SpecError) as error:
        load_spec(path)
    return [mistake.removeprefix(f"{path.parent}/") for mistake in error.value.mistakes]


@pytest.mark.parametrize("name", recipes())
def test_every_shipped_recipe_loads_and_is_called_as_its_file(name):
    assert load_spec(name).name == name


@pytest.mark.parametrize("name", recipes())
def test_every_shipped_recipe_says_in_its_first_line_what_it_is(name):
    assert recipes()[name].startswith("# ")


@pytest.mark.parametrize("name", recipes())
def test_a_complete_spec_written_back_reads_equal(name, spec):
    loaded = load_spec(name)
    assert load_spec(spec(dump_spec(loaded))) == loaded


def test_a_small_spec_is_completed_with_defaults(spec):
    loaded = load_spec(spec(SMALL))
    assert isinstance(loaded, Spec)
    assert (loaded.loss.__card__.name, loaded.policy.head.__card__.name) == ("huber", "mlp")
    assert "batch_size = " in dump_spec(loaded)


@pytest.mark.parametrize("source", ["bc_cnn", "bc_cnn.toml"])
def test_a_recipe_is_found_by_name_from_any_folder(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_spec(source).name == "bc_cnn"


def test_a_file_of_ones_own_wins_over_a_recipe_of_that_name(spec, monkeypatch):
    monkeypatch.chdir(spec(SMALL, "bc_cnn.toml").parent)
    assert load_spec("bc_cnn.toml").name == "small"


@pytest.mark.parametrize("source", ["bc_cn", "bc_cn.toml"])
def test_an_unknown_name_is_answered_with_the_nearest_recipe(source):
    with pytest.raises(InputError, match=f"^no spec file '{source}' here .* did you mean 'bc_cnn'"):
        load_spec(source)


@pytest.mark.parametrize("source", ["specs/bc_cnn.toml", "../bc_cnn", "", ".", "..", "a\0b", "x" * 5000])
def test_what_is_no_file_and_no_recipe_is_an_input_error(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        find_spec(source)


def test_a_folder_is_no_spec(tmp_path):
    with pytest.raises(InputError, match="no spec file"):
        load_spec(tmp_path)


def test_a_file_that_is_not_utf8_is_an_input_error(spec):
    with pytest.raises(InputError, match=r"my\.toml: cannot be read as a spec: 'utf-8' codec"):
        load_spec(spec(b'name = "\xff"'))


def test_a_byte_order_mark_is_passed_over(spec):
    assert load_spec(spec(b"\xef\xbb\xbf" + SMALL.encode())).name == "small"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "x"\nseed =\n', r"my\.toml: not valid TOML: Invalid value \(at line 2"),
        ("seed = 1\nseed = 2\n", r"not valid TOML: Cannot overwrite a value \(at line 2"),
        (f"seed = {'9' * 5000}\n", "not valid TOML: Exceeds the limit"),
        (f"seed = {'[' * 5000}\n", "not valid TOML: maximum recursion depth"),
    ],
    ids=["no value", "key twice", "endless number", "endless brackets"],
)
def test_invalid_toml_is_said_with_its_line(spec, text, said):
    with pytest.raises(SpecError, match=said):
        load_spec(spec(text))


def test_all_mistakes_are_reported_at_once_with_key_and_line(spec):
    path = spec(
        """\
        nmae = "small"
        seed = "3"

        [env]
        use = "push"
        width = true

        [policy.backbone]
        use = "cn"

        [train]
        epochs = 1.5
        """
    )
    assert sorted(mistakes(path)) == [
        "my.toml: name: required, but missing: names the run's folder: letters, digits, . _ -",
        "my.toml:12: train.epochs: expected a whole number, got 1.5",
        "my.toml:1: nmae: unknown key; did you mean 'name'?",
        "my.toml:2: seed: expected a whole number, got '3'",
        "my.toml:6: env.width: expected a whole number, got True",
        "my.toml:9: policy.backbone.use: no backbone called 'cn'; did you mean 'cnn'?",
    ]


def test_an_empty_file_lacks_what_is_required(spec):
    assert [mistake.split(",")[0] for mistake in mistakes(spec(""))] == [
        f"my.toml: {key}: required" for key in ("name", "env", "policy", "train")
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[env]\nuse = 'push'\ncameras = [\n  'front',\n  'side',\n]", 3),
        ("[env]\nuse = 'push'\ncameras = ['front', 'side']", 3),
        ("\n\n[env]\nuse = 'push'\n\ncameras = ['side']", 6),
        ("\nenv = { use = 'push', cameras = ['side'] }", 2),
        ("env.use = 'push'\n# a remark\nenv.cameras = ['side']", 3),
        ("'env'.use = 'push'\n\"env\" . 'cameras' = ['side']", 2),
        ("# \x85 and \u2028 break no line in TOML\nenv = { use = 'push', cameras = ['side'] }", 2),
    ],
    ids=["lines of a list", "list", "blank lines", "inline table", "dotted", "quoted", "odd line breaks"],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_line_is_that_of_the_key_however_it_is_written(spec, text, line, newline):
    found = mistakes(spec(text.replace("\n", newline).encode()))
    wrong = [mistake for mistake in found if "env.cameras" in mistake]
    assert wrong[0].startswith(f"my.toml:{line}: env.cameras.")


def test_a_missing_key_is_placed_at_its_table(spec):
    path = spec(SMALL.replace('use = "cnn"', ""))
    assert mistakes(path) == [
        'my.toml:6: policy.backbone: missing `use = "..."`; `bczoo list backbone` shows what there is'
    ]


def test_mistakes_in_a_list_of_tables_are_placed_in_their_own_table(spec):
    callbacks = """
[[callbacks]]
use = "early_stop"
patience = 0

[[callbacks]]
use = "early_stop"
paitence = 1

[[callbacks]]
use = "earlystop"
"""
    assert mistakes(spec(SMALL + callbacks)) == [
        "my.toml:14: callbacks.0.patience: must be >= 1: 0",
        "my.toml:18: callbacks.1.paitence: unknown key; did you mean 'patience'?",
        "my.toml:21: callbacks.2.use: no callback called 'earlystop'; did you mean 'early_stop'?",
    ]


@pytest.mark.parametrize("value", ["3", "'early_stop'", "{ use = 'early_stop' }"])
def test_callbacks_are_a_list_of_tables(spec, value):
    (mistake,) = mistakes(spec(f"callbacks = {value}\n{SMALL}"))
    assert mistake.startswith("my.toml:1: callbacks: expected a list of tables, got ")


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "a b", "", "a\\n", "-x", "ä"])
def test_a_name_is_one_plain_folder(spec, name):
    (mistake,) = mistakes(spec(SMALL.replace("small", name)))
    assert mistake.startswith("my.toml:1: name: must match regex")


def test_training_needs_a_length(spec):
    (mistake,) = mistakes(spec(SMALL.replace("epochs = 1", "batch_size = 8")))
    assert mistake == "my.toml:9: train: says neither epochs nor steps; set one, e.g. epochs = 10"


@pytest.mark.parametrize("length", ["epochs = 1", "steps = 1", "epochs = 1\nsteps = 1"])
def test_epochs_or_steps_or_both_are_a_length(spec, length):
    assert load_spec(spec(SMALL.replace("epochs = 1", length)))


def test_a_plan_shorter_than_the_horizon_is_refused_with_what_to_set(spec):
    text = SMALL + "\n[data]\nplan = 4\n\n[policy]\nhorizon = 5\n"
    (mistake,) = mistakes(spec(text))
    assert mistake == (
        "my.toml: data.plan = 4 is shorter than policy.horizon = 5; set data.plan = 5, "
        "or 0 to take chunks from the episode's own next actions"
    )


@pytest.mark.parametrize("plan", [0, 5, 6])
def test_no_plan_or_one_of_the_horizon_or_longer_is_fine(spec, plan):
    assert load_spec(spec(f"{SMALL}\n[data]\nplan = {plan}\n\n[policy]\nhorizon = 5\n")).data.plan == plan


def test_more_actions_than_are_predicted_cannot_be_executed(spec):
    (mistake,) = mistakes(spec(SMALL + "\n[eval]\nexecute = 2\n"))
    assert mistake == "my.toml: eval.execute = 2 is more than policy.horizon = 1 predicts"
