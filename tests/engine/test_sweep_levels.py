"""What the command line says of a sweep: levels as TOML has them, and seeds."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bczoo.describe import to_toml
from bczoo.engine.sweep_levels import checked_seeds, level_key, plain_levels, read_seeds, read_vary
from bczoo.errors import InputError

SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=8)
)
LEVELS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab_-. '\"", max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(LEVELS, min_size=1, max_size=4))
def test_levels_written_as_toml_are_read_back_whatever_commas_they_hold(levels):
    (found,) = read_vary([f"a.b={','.join(map(to_toml, levels))}"]).values()
    assert [*map(level_key, found)] == [*map(level_key, levels)]


def test_bare_words_are_strings_and_tables_are_levels():
    found = read_vary(
        ["policy.backbone.pool=avg, spatial_softmax", 'loss={use="mse", magnitude_weight=2.0},{use="l1"}']
    )
    assert found == {
        "policy.backbone.pool": ["avg", "spatial_softmax"],
        "loss": [{"use": "mse", "magnitude_weight": 2.0}, {"use": "l1"}],
    }


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("loss.use", "--vary loss.use: write it as key.path=level,level, e.g. "),
        ("=3", "--vary =3: write it as key.path=level,level"),
        ("loss.use=l1,,mse", "--vary loss.use=l1,,mse: a level is empty; write it as"),
        ("loss.use=", "--vary loss.use=: a level is empty"),
        ("train.epochs=1,[2", "--vary train.epochs=[2: '[2' is not a TOML value"),
        ("train..epochs=1,2", "--vary train..epochs=1: 'train..epochs' is not a key path: "),
    ],
)
def test_what_cannot_be_read_is_one_sentence(option, said):
    with pytest.raises(InputError) as error:
        read_vary([option])
    assert str(error.value).startswith(said)


def test_a_key_is_varied_once():
    with pytest.raises(InputError, match=r"--vary loss.use is given twice; give all its levels at once"):
        read_vary(["loss.use=l1", "loss.use=mse"])


@pytest.mark.parametrize(("text", "seeds"), [("1", [0]), ("3", [0, 1, 2]), ("0,1,5", [0, 1, 5]), ("7,", [7])])
def test_seeds_are_a_number_or_a_list(text, seeds):
    assert read_seeds(text) == seeds


@pytest.mark.parametrize("text", ["0", "", ",", "-1", "a", "1,1", "1.5", "4294967296,", "99999999999", "²", "9" * 5000])
def test_what_is_no_seed_is_refused_in_one_sentence(text):
    with pytest.raises(InputError, match=r"^--seeds[^\n]+$"):
        read_seeds(text)


@pytest.mark.parametrize("seeds", [[0.0], ["1"], [True], None])
def test_seeds_from_python_are_whole_numbers(seeds):
    with pytest.raises(InputError, match=r"^--seeds: .* give whole numbers"):
        checked_seeds(seeds)


def test_levels_from_python_become_what_a_spec_file_would_say():
    given = (np.float64(1e-3), np.int64(2), Path("a/b"), "x y", (1, 2), True)
    found = plain_levels("train.clip", given)
    assert found == (0.001, 2, "a/b", "x y", [1, 2], True)
    assert [type(level) for level in found] == [float, int, str, str, list, bool]


@pytest.mark.parametrize("levels", ["l1", 5, None])
def test_levels_from_python_are_a_list(levels):
    with pytest.raises(InputError, match=r"^--vary loss.use: give a list of levels, not "):
        plain_levels("loss.use", levels)
