"""What the command line says of a sweep: levels as TOML has them, and seeds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bczoo.describe import to_toml
from bczoo.engine.sweep_levels import read_seeds, read_vary, same_level
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
    assert len(found) == len(levels)
    assert all(same_level(one, other) for one, other in zip(found, levels, strict=True))


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


@pytest.mark.parametrize("text", ["0", "", ",", "-1", "a", "1,1", "1.5", "4294967296,", "99999999999", "²"])
def test_what_is_no_seed_is_refused_in_one_sentence(text):
    with pytest.raises(InputError, match=r"^--seeds[^\n]+$"):
        read_seeds(text)
