"""Properties of every spec there could be: right ones survive writing and reading, wrong ones fail politely."""

import tomllib
from datetime import UTC, date, datetime, time

import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bczoo import InputError, SpecError, load_spec
from bczoo.schema import Mistakes
from bczoo.spec import Spec
from bczoo.specfile import dump_spec, spec_from_table

SMALL = {
    "name": "small",
    "env": {"use": "push"},
    "policy": {"backbone": {"use": "cnn"}},
    "train": {"epochs": 1},
}

quick = settings(max_examples=60, deadline=None)
# One folder for all examples of a test: each overwrites the file of the one before.
in_one_folder = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
whole = st.integers(min_value=1, max_value=2**63 - 1)
positive = st.floats(min_value=1e-9, max_value=1e9)
heads = st.fixed_dictionaries(
    {"use": st.just("mlp")},
    optional={"hidden": st.lists(whole, max_size=3), "dropout": st.floats(0.0, 0.99)},
)
callbacks = st.fixed_dictionaries({"use": st.just("early_stop")}, optional={"patience": whole})
right = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
        "env": st.fixed_dictionaries(
            {"use": st.just("push")}, optional={"layout": st.sampled_from(["forward", "any"])}
        ),
        "policy": st.fixed_dictionaries(
            {"backbone": st.just({"use": "cnn"})}, optional={"head": heads, "state": st.booleans()}
        ),
        "train": st.fixed_dictionaries(
            {"epochs": whole},
            optional={"steps": whole, "optimizer": positive.map(lambda lr: {"use": "Adam", "lr": lr})},
        ),
    },
    optional={
        "seed": st.integers(0, 2**32 - 1),
        "data": st.fixed_dictionaries({}, optional={"path": texts, "noise": st.floats(0.0, 2.0)}),
        "callbacks": st.lists(callbacks, max_size=3),
    },
)

# Garbage that often has the right keys in the wrong places.
keys = st.one_of(
    st.sampled_from(
        ["name", "seed", "env", "policy", "backbone", "head", "loss", "train", "callbacks", "use", "hidden"]
    ),
    texts,
)
scalars = st.one_of(
    texts,
    st.integers(),
    st.floats(),
    st.booleans(),
    st.sampled_from(["mlp", "push", "cnn", "huber", date(2026, 1, 2), time(3), datetime(2026, 1, 2, tzinfo=UTC)]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
garbage = st.dictionaries(keys, values, max_size=5)


def result(read, *args):
    """What came of reading: the spec, or the one kind of error that a wrong one may raise."""
    try:
        return read(*args)
    except (Mistakes, InputError) as error:
        return error


@quick
@given(right)
def test_a_right_spec_written_in_full_reads_back_equal(table):
    spec = spec_from_table(table)
    assert spec_from_table(tomllib.loads(dump_spec(spec))) == spec


@quick
@given(garbage)
def test_a_wrong_table_is_refused_with_mistakes_that_have_words(table):
    error = result(spec_from_table, table)
    assert isinstance(error, Mistakes)
    assert error.mistakes
    assert all(mistake.what for mistake in error.mistakes)


@quick
@given(st.sampled_from(["seed", "name", "env", "policy", "loss", "train", "data", "eval", "callbacks"]), values)
def test_any_value_at_a_key_of_a_right_spec_is_taken_or_refused_with_mistakes(key, value):
    assert isinstance(result(spec_from_table, SMALL | {key: value}), (Spec, Mistakes))


@in_one_folder
@given(garbage)
def test_every_mistake_of_a_wrong_file_names_the_file(tmp_path, table):
    path = tmp_path / "garbage.toml"
    path.write_bytes(tomli_w.dumps(table).encode())
    error = result(load_spec, path)
    assert isinstance(error, SpecError)
    assert all(mistake.startswith(str(path)) for mistake in error.mistakes)


@in_one_folder
@given(st.one_of(texts, st.builds("{}={}".format, keys, texts), st.builds("{}.{}={}".format, keys, keys, texts)))
def test_any_override_is_taken_or_refused_as_wrong_input(tmp_path, override):
    path = tmp_path / "small.toml"
    path.write_text(tomli_w.dumps(SMALL), encoding="utf-8")
    assert isinstance(result(load_spec, path, [override]), (Spec, InputError))
