"""Nothing that a spec file, a table or an override can hold hurts: it makes a spec, or is refused with sentences."""

import tomllib

import pytest
import tomli_w
from fuzzing import broken, cases, junk, outcome, spoilt
from hypothesis import given
from hypothesis import strategies as st

from bczoo import InputError, SpecError, load_spec
from bczoo.schema import Mistakes, unstructure
from bczoo.spec import Spec
from bczoo.specfile import dump_spec, recipes, spec_from_table

TABLE = unstructure(load_spec("act_resnet"))
TEXT = dump_spec(load_spec("bc_cnn_gru")).encode()
RECIPE = recipes()["act_cnn"].encode()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "fuzzed.toml"


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def read(table):
    """A spec, or None with mistakes that can be shown."""
    try:
        return spec_from_table(table)
    except Mistakes as error:
        found = error.mistakes
    assert 0 < len(found) < 100
    assert all(0 < len(mistake.what) <= 500 and len(str(mistake)) <= 800 for mistake in found)
    return None


@cases(200)
@given(spoilt(TABLE))
def test_a_spoilt_table_is_a_spec_or_has_mistakes(table):
    assert isinstance(read(table), Spec | None)


@cases(100)
@given(spoilt(tomllib.loads(RECIPE.decode())))
def test_a_spoilt_file_is_a_spec_or_is_refused(path, table):
    try:
        path.write_bytes(tomli_w.dumps(table).encode())
    except (TypeError, ValueError):  # TOML has no null, no huge numbers and no half characters
        return
    outcome(load_spec, path)


@cases(200)
@given(st.data())
def test_a_damaged_file_is_a_spec_or_is_refused(path, data):
    content = data.draw(st.sampled_from([TEXT, RECIPE]))
    path.write_bytes(data.draw(broken(content, 0, len(content))))
    outcome(load_spec, path)


keys = st.lists(
    st.sampled_from(["policy", "head", "hidden", "use", "x", "'a b'", '"\\u0000"', "0"]), min_size=1, max_size=5
)
values = st.one_of(junk.map(repr), st.text(max_size=5), st.sampled_from(["[" * 9999, "{a=" * 999, "0x" + "f" * 9999]))


@cases(150)
@given(keys, st.sampled_from([1, 1, 1, 20, 100]), values)
def test_any_override_is_taken_or_refused(keys, times, value):
    override = f"{'.'.join(keys * times)}={value}"
    try:
        load_spec("bc_cnn", [override, override])
    except InputError as error:
        said = str(error)
    else:
        return
    assert said.startswith("--set ")  # and all of it, since it is what the user has just typed


@pytest.mark.parametrize("depth", [70, 500, 5_000, 50_000])
def test_deep_tables_are_refused_however_deep(depth):
    with pytest.raises(Mistakes, match="nested deeper than 64"):
        spec_from_table(nested(depth))
    with pytest.raises(Mistakes, match="nested deeper than 64"):
        spec_from_table(TABLE | {"policy": nested(depth)})


@pytest.mark.parametrize("depth", [70, 900, 3_000])
def test_deep_keys_are_refused_and_named(path, depth):
    deep = ".".join(["a"] * depth)
    with pytest.raises(InputError, match=r"--set .*nested deeper than 64"):
        load_spec("bc_cnn", [f"{deep}=1"])
    for text in (f"{deep} = 1", f"[{deep}]", f"a = {'[' * depth}{']' * depth}"):
        path.write_text(text)
        with pytest.raises(SpecError, match=r"fuzzed\.toml"):
            load_spec(path)


def test_a_file_far_too_long_for_a_spec_is_not_read(path):
    with path.open("wb") as file:
        file.truncate(10**12)  # sparse: it takes no room
    with pytest.raises(InputError, match=r"fuzzed\.toml: cannot be a spec: longer than"):
        load_spec(path)


def test_thousands_of_mistakes_are_counted_rather_than_listed(path):
    path.write_text("\n".join(f"k{index} = 0" for index in range(500)))
    with pytest.raises(SpecError, match="fuzzed") as caught:
        load_spec(path)
    assert len(caught.value.mistakes) < 60


def test_a_value_is_quoted_only_as_far_as_anybody_reads(path):
    path.write_text(f'name = "{"!" * 9_000}"\nseed = {{a = "{"x" * 9_000}"}}\n"{"y" * 9_000}" = 1\n')
    with pytest.raises(SpecError, match="regex") as caught:
        load_spec(path)
    assert max(map(len, caught.value.mistakes)) < 1500
