"""`--set KEY=VALUE`: what it changes, what it leaves alone, and how a mistake in it is said."""

import pytest

from bczoo import InputError, SpecError, load_spec

BASE = """\
name = "base"
seed = 1

[env]
use = "push"
cameras = ["front", "top"]

[policy.backbone]
use = "cnn"

[policy.head]
use = "mlp"
hidden = [8, 8]
dropout = 0.1

[loss]
use = "huber"
beta = 2.0

[train]
epochs = 1
"""


@pytest.fixture
def load(tmp_path):
    """The base spec with overrides."""
    path = tmp_path / "base.toml"
    path.write_text(BASE, encoding="utf-8")
    return lambda *overrides: load_spec(path, overrides)


def at(spec, path):
    """The value at a key path of a loaded spec."""
    for key in path.split("."):
        spec = getattr(spec, key)
    return spec


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("seed=3", "seed", 3),
        (" seed = 3 ", "seed", 3),
        ("seed=3 # by hand", "seed", 3),
        ("loss.beta=3e-4", "loss.beta", 3e-4),
        ("policy.state=false", "policy.state", False),
        ('env.layout="any"', "env.layout", "any"),
        ("env.layout='any'", "env.layout", "any"),
        ("env.layout=any", "env.layout", "any"),
        ("'env'.layout=any", "env.layout", "any"),
        ("data.path=~/demos/run-1.2", "data.path", "~/demos/run-1.2"),
        (r"data.path=C:\demos", "data.path", r"C:\demos"),
        ("data.path='a = b'", "data.path", "a = b"),
        ("policy.head.hidden=[16, 32, 64]", "policy.head.hidden", (16, 32, 64)),
        ("policy.head.hidden=[]", "policy.head.hidden", ()),
        ('env.cameras=["top"]', "env.cameras", ("top",)),
        ("policy.head={hidden=[4]}", "policy.head.hidden", (4,)),
        ("eval={episodes=3}", "eval.episodes", 3),
    ],
)
def test_a_value_is_set(load, override, path, value):
    assert at(load(override), path) == value


def test_nothing_but_the_named_key_changes(load):
    before, after = load(), load("policy.head.dropout=0.5")
    assert after.policy.head.hidden == before.policy.head.hidden == (8, 8)
    assert (after.env, after.loss, after.train) == (before.env, before.loss, before.train)


def test_an_inline_table_leaves_the_other_keys_of_its_table_alone(load):
    assert load("policy.head={hidden=[4]}").policy.head.dropout == 0.1


def test_several_are_laid_over_each_other_in_order(load):
    spec = load("seed=2", "policy.head.hidden=[4]", "seed=3")
    assert (spec.seed, spec.policy.head.hidden) == (3, (4,))


def test_a_list_of_tables_can_be_given(load):
    spec = load('callbacks=[{use="early_stop", patience=2}, {use="early_stop"}]')
    assert [callback.patience for callback in spec.callbacks] == [2, 5]


def test_another_part_does_not_inherit_the_options_of_the_old(load):
    assert load("loss.use=mse").loss.__card__.name == "mse"


def test_the_same_part_keeps_its_options(load):
    assert load("loss.use=huber").loss.beta == 2.0


def test_options_of_another_part_hold_whether_they_come_before_or_after_its_use(load):
    after, before = ("loss.use=l1", "loss.magnitude_weight=3"), ("loss.magnitude_weight=3", "loss.use=l1")
    assert load(*after).loss == load(*before).loss
    assert load(*after).loss.magnitude_weight == 3.0


def test_an_option_the_other_part_lacks_is_refused_rather_than_dropped(load):
    with pytest.raises(SpecError, match=r"^--set loss.beta=3: loss.beta: unknown key; known: magnitude_weight$"):
        load("loss.beta=3", "loss.use=l1")


def test_a_default_part_can_be_replaced(load):
    assert load("train.schedule.use=constant").train.schedule.__card__.name == "constant"


def test_another_part_does_not_inherit_the_options_of_a_default_that_the_file_does_not_name(tmp_path):
    path = tmp_path / "unnamed.toml"
    path.write_text(BASE + "[train.schedule]\npatience = 3\n", encoding="utf-8")
    assert load_spec(path).train.schedule.patience == 3
    assert load_spec(path, ["train.schedule.factor=0.1"]).train.schedule.patience == 3
    assert load_spec(path, ["train.schedule.use=cosine"]).train.schedule.__card__.name == "cosine"
    assert load_spec(path, ["train.schedule.use=plateau"]).train.schedule.patience == 3


@pytest.mark.parametrize("override", ["loss=1", "train.schedule=1", "train=1"])
def test_what_is_no_table_is_refused_in_its_place(load, override):
    with pytest.raises(SpecError, match=f"^--set {override}: {override.partition('=')[0]}: expected a table"):
        load(override)


@pytest.mark.parametrize("key", ["seed", "data.seed", "eval.seed"])
def test_seeds_are_as_large_as_their_generators_take(load, key):
    assert at(load(f"{key}={2**32 - 1}"), key) == 2**32 - 1
    if key == "seed":  # numpy's own takes 32 bits
        with pytest.raises(SpecError, match=r"^--set seed=5000000000: seed: must be <= 4294967295: 5000000000$"):
            load("seed=5000000000")
    else:
        assert at(load(f"{key}=5000000000"), key) == 5_000_000_000


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("policy.bakbone.pool=avg", "policy.bakbone: unknown key; did you mean 'backbone'?"),
        ("policy.backbone.pool=agv", "policy.backbone.pool: 'agv' is not one of"),
        ("policy.head.hidden=[1, 'x']", "policy.head.hidden.1: expected a whole number, got 'x'"),
        ("loss.magnitude_weight=nan", "loss.magnitude_weight: expected a finite number, got nan"),
        ("seed.deeper=1", "seed: expected a whole number, got {'deeper': 1}"),
        ("policy.head.hidden.0=1", "policy.head.hidden: expected a list, got {'0': 1}"),
        ("policy=[1]", "policy: expected a table, got [1]"),
        ("loss.use=3", "loss.use: expected a string, got 3"),
        ("use=cnn", "use: unknown key; known: callbacks, data, "),
        ("policy.use=cnn", "policy.use: unknown key; known: action, backbone, "),
    ],
)
def test_a_wrong_override_is_the_only_mistake_and_is_quoted(load, override, said):
    with pytest.raises(SpecError) as error:
        load(override)
    (mistake,) = error.value.mistakes
    assert mistake.startswith(f"--set {override}: {said}")


def test_of_several_overrides_the_one_that_counts_is_quoted(load):
    with pytest.raises(SpecError, match=r"^--set seed=-3: seed: must be >= 0: -3$"):
        load("seed=-2", "seed=-3", "policy.steps=2")


def test_a_mistake_of_the_file_is_not_blamed_on_an_override(load, tmp_path):
    (tmp_path / "base.toml").write_text(BASE.replace("seed = 1", "seed = -1"), encoding="utf-8")
    with pytest.raises(SpecError, match=r"base\.toml:2: seed: must be >= 0: -1$"):
        load("policy.steps=2")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("", "write it as key.path=value, e.g. train.batch_size=64"),
        ("seed", "write it as key.path=value"),
        ("=3", "write it as key.path=value"),
        ("seed=3\nname='x'", "give one key on one line"),
        ("seed=1\n[train]\nepochs=9", "give one key on one line"),
        ("seed=", "'' is not a TOML value"),
        ("data.path=two words", "'two words' is not a TOML value"),
        ("data.path='open", '"\'open" is not a TOML value'),
        ("policy.head.hidden=[1, 2", "'[1, 2' is not a TOML value"),
        ("policy..head=1", "'policy..head' is not a key path"),
        ("two words=1", "'two words' is not a key path"),
        ("[policy]=1", "'[policy]' is not a key path"),
        (f"seed={'[' * 5000}", "'[[["),
    ],
)
def test_bad_syntax_is_said_with_what_was_written(load, override, said):
    with pytest.raises(InputError) as error:
        load(override)
    assert str(error.value).startswith(f"--set {override}: {said}")


def test_an_option_of_a_part_that_the_spec_leaves_to_the_default_can_be_set(load):
    optimizer = load("train.optimizer.lr=3e-4").train.optimizer
    assert (type(optimizer).__name__, optimizer.lr) == ("Adam", 3e-4)
