"""From tables to typed options: what is accepted, what is refused, and in which words."""

import tomllib
from datetime import date
from typing import Literal

import attrs
import pytest
from attrs.validators import and_, deep_iterable, ge, lt, optional

from bczoo import field
from bczoo.describe import options_of, to_toml
from bczoo.registry import zoo
from bczoo.schema import Mistakes, structure, structure_part, unstructure


def _explode(instance, attribute, value):
    if value == "boom":
        raise ZeroDivisionError("division by zero")


@attrs.frozen(kw_only=True)
class Options:
    """One option of every type there is."""

    count: int = field(default=1, check=ge(1), help="a count")
    share: float = field(default=0.5, check=and_(ge(0.0), lt(1.0)), help="a share")
    word: str = field(default="a", check=_explode, help="a word")
    flag: bool = field(default=False, help="a flag")
    mode: Literal["fast", "slow", 3] = field(default="fast", help="a mode")
    limit: int | None = field(default=None, check=optional(ge(1)), help="a limit")
    widths: tuple[int, ...] = field(default=(), check=deep_iterable(ge(1)), help="widths")
    modes: tuple[Literal["fast", "slow"], ...] = field(default=(), help="modes")
    place: tuple[float, float] = field(default=(0.0, 0.0), help="x, y")


@attrs.frozen(kw_only=True)
class Outer:
    """A table with a table in it and a part."""

    inner: Options = attrs.field(factory=Options)
    head: object = field(default=None, part="head", help="a part")
    needed: int = field(help="how many")


def mistakes(table, cls=Options):
    """Key path -> what is wrong, of all mistakes in a table."""
    with pytest.raises(Mistakes) as error:
        structure(table, cls)
    return {".".join(mistake.path): mistake.what for mistake in error.value.mistakes}


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("count", "3", "expected a whole number, got '3'"),
        ("count", True, "expected a whole number, got True"),
        ("count", 3.0, "expected a whole number, got 3.0"),
        ("count", None, "expected a whole number, got None"),
        ("count", [1], "expected a whole number, got [1]"),
        ("count", date(2026, 1, 2), "expected a whole number, got datetime.date(2026, 1, 2)"),
        ("count", 0, "must be >= 1: 0"),
        ("count", 2**63, "expected a whole number of at most 64 bits, got one of 64 bits"),
        ("count", -(2**63) - 1, "expected a whole number of at most 64 bits, got one of 64 bits"),
        ("share", "0.5", "expected a number, got '0.5'"),
        ("share", False, "expected a number, got False"),
        ("share", 1, "must be < 1.0: 1.0"),
        ("share", float("nan"), "expected a finite number, got nan"),
        ("share", float("inf"), "expected a finite number, got inf"),
        ("share", 10**400, "expected a number of at most 64 bits, got one of 1329 bits"),
        ("word", 3, "expected a string, got 3"),
        ("word", {"x": 1}, "expected a string, got {'x': 1}"),
        ("flag", 1, "expected true or false, got 1"),
        ("flag", "true", "expected true or false, got 'true'"),
        ("mode", "slwo", "'slwo' is not one of 'fast', 'slow', 3; did you mean 'slow'?"),
        ("mode", 3.0, "3.0 is not one of 'fast', 'slow', 3"),
        ("mode", [3], "[3] is not one of 'fast', 'slow', 3"),
        ("limit", 0, "must be >= 1: 0"),
        ("limit", "1", "expected a whole number, got '1'"),
        ("widths", 3, "expected a list, got 3"),
        ("widths", "12", "expected a list, got '12'"),
        ("widths", [1, 0], "must be >= 1: 0"),
        ("place", [1.0], "expected a list of 2, got [1.0]"),
    ],
)
def test_a_wrong_value_is_refused_at_its_key_and_in_words(key, value, what):
    assert mistakes({key: value}) == {key: what}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("count", 2**63 - 1),
        ("share", 0.25),
        ("word", ""),
        ("flag", True),
        ("mode", 3),
        ("limit", 1),
        ("widths", [1, 2]),
        ("modes", ["slow", "slow"]),
        ("place", [1.5, -2.0]),
    ],
)
def test_a_right_value_is_taken_as_it_is(key, value):
    taken = getattr(structure({key: value}, Options), key)
    assert taken == (tuple(value) if isinstance(value, list) else value)


def test_a_whole_number_will_do_for_a_float_and_becomes_one():
    share = structure({"share": 0}, Options).share
    assert (share, type(share)) == (0.0, float)


def test_a_missing_key_takes_its_default():
    assert structure({}, Options) == Options()


def test_every_wrong_item_of_a_list_is_named_by_its_place():
    assert mistakes({"widths": [1, "2", True], "modes": ["fast", "fsat"], "place": [0, "y"]}) == {
        "widths.1": "expected a whole number, got '2'",
        "widths.2": "expected a whole number, got True",
        "modes.1": "'fsat' is not one of 'fast', 'slow'; did you mean 'fast'?",
        "place.1": "expected a number, got 'y'",
    }


def test_a_validator_may_fail_in_any_way_it_likes():
    assert mistakes({"word": "boom"}) == {"word": "ZeroDivisionError: division by zero"}


def test_all_mistakes_of_all_levels_are_found_at_once():
    table = {"inner": {"cuont": 1, "flag": 0}, "head": {"use": "mlp", "droput": 0.1, "hidden": [0.5]}, "xyz": 1}
    assert mistakes(table, Outer) == {
        "inner.cuont": "unknown key; did you mean 'count'?",
        "inner.flag": "expected true or false, got 0",
        "head.droput": "unknown key; did you mean 'dropout'?",
        "head.hidden.0": "expected a whole number, got 0.5",
        "needed": "required, but missing: how many",
        "xyz": "unknown key; known: head, inner, needed",
    }


@pytest.mark.parametrize("value", [3, "x", [], [{"count": 1}], None])
def test_something_else_in_place_of_a_table_is_refused(value):
    assert mistakes({"inner": value, "needed": 1}, Outer) == {"inner": f"expected a table, got {value!r}"}


@pytest.mark.parametrize(
    ("table", "key", "what"),
    [
        (3, "head", 'expected a table with `use = "..."`, got 3'),
        ("mlp", "head", "expected a table with `use = \"...\"`, got 'mlp'"),
        ({}, "head", 'missing `use = "..."`; `bczoo list head` shows what there is'),
        ({"dropout": 0.1}, "head", 'missing `use = "..."`; `bczoo list head` shows what there is'),
        ({"use": 3}, "head.use", "expected a string, got 3"),
        ({"use": ["mlp"]}, "head.use", "expected a string, got ['mlp']"),
        ({"use": "mpl"}, "head.use", "no head called 'mpl'; did you mean 'mlp'?"),
    ],
)
def test_a_part_needs_a_use_that_is_in_the_zoo(table, key, what):
    assert mistakes({"head": table, "needed": 1}, Outer) == {key: what}


def test_a_part_is_read_into_the_options_its_use_names():
    mlp = structure({"head": {"use": "mlp", "dropout": 0}, "needed": 1}, Outer).head
    assert mlp == zoo().get("head", "mlp").options(dropout=0.0)


def test_a_mistake_of_a_part_starts_at_the_given_path():
    with pytest.raises(Mistakes) as error:
        structure_part({"use": "mlp", "hidden": 3}, "head", ("policy", "head"))
    assert str(error.value) == "policy.head.hidden: expected a list, got 3"


def test_reading_leaves_the_table_as_it_was():
    table = {"use": "mlp", "hidden": [3]}
    structure_part(table, "head")
    assert table == {"use": "mlp", "hidden": [3]}


@pytest.mark.parametrize("options", [Options(), Options(count=7, limit=2, widths=(1, 2), place=(1.0, 2.0), mode=3)])
def test_options_written_as_a_table_read_back_equal(options):
    assert structure(unstructure(options), Options) == options


def test_what_is_unset_is_left_out_of_the_table():
    assert "limit" not in unstructure(Options())


def test_options_are_described_as_they_are_typed_in_a_spec():
    described = {option.name: (option.type, option.default) for option in options_of(Options)}
    assert described["mode"] == ('"fast" | "slow" | 3', '"fast"')
    assert described["limit"] == ("integer", "unset")
    assert described["flag"] == ("boolean", "false")
    assert described["modes"] == ('list of "fast" | "slow"', "[]")
    assert {option.name: option.default for option in options_of(Outer)}["needed"] == "required"


@pytest.mark.parametrize("value", ['say "hi"', "a\\b", "tab\there", "über", "", True, 3, 0.5, ["a", '"']])
def test_a_value_in_words_is_what_toml_reads_back(value):
    assert tomllib.loads(f"x = {to_toml(value)}")["x"] == value
