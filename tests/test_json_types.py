"""Types and validators of options as keywords of JSON Schema: what is said, and what is rather left out."""

import re
from typing import Any, Literal, Optional

import attrs
import pytest
from attrs.validators import and_, deep_iterable, ge, gt, in_, instance_of, le, lt, matches_re, max_len, min_len, not_
from attrs.validators import optional as unless_none

from bczoo.json_types import constrain, of_type


@attrs.frozen
class Inner:
    """A table."""


def said(kind):
    return of_type(kind, lambda cls: {"$ref": cls.__name__})


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 3, None], {"type": ["string", "integer"], "enum": ["a", 3]}),
        (int | None, {"type": "integer"}),
        (Optional[Literal["a"]], {"type": "string", "enum": ["a"]}),  # noqa: UP045 - as older plugins write it
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (tuple[float, float], {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
        (
            tuple[str, int],
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2, "maxItems": 2},
        ),
        (tuple[tuple[int, ...], ...], {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}),
        (Inner, {"$ref": "Inner"}),
        (tuple[Inner, ...], {"type": "array", "items": {"$ref": "Inner"}}),
    ],
    ids=str,
)
def test_a_type_is_what_toml_has_for_it(kind, schema):
    assert said(kind) == schema


@pytest.mark.parametrize("kind", [Any, None, object, int | str, dict[str, int], list[int], bytes, "later"], ids=str)
def test_a_type_that_specs_do_not_read_strictly_allows_anything(kind):
    assert said(kind) == {}


@pytest.mark.parametrize(
    ("kind", "validator", "keywords"),
    [
        (int, ge(1), {"minimum": 1}),
        (float, gt(0.0), {"exclusiveMinimum": 0.0}),
        (int, le(9), {"maximum": 9}),
        (float, and_(ge(0.0), lt(1.0)), {"minimum": 0.0, "exclusiveMaximum": 1.0}),
        (int | None, unless_none(ge(1)), {"minimum": 1}),
        (int, and_(ge(1), ge(5), le(9), le(7)), {"minimum": 5, "maximum": 7}),
        (str, min_len(1), {"minLength": 1}),
        (str, max_len(9), {"maxLength": 9}),
        (tuple[int, ...], min_len(1), {"minItems": 1}),
        (str, in_(["a", "b"]), {"enum": ["a", "b"]}),
        pytest.param(str, in_({"b", "a"}), {"enum": ["a", "b"]}, id="a set"),
        (float, in_((1, 2.5)), {"enum": [1, 2.5]}),
        (Literal["a", "b", "c"], in_(["a", "z"]), {}),
        (str, matches_re("a|b"), {"pattern": "^(?:a|b)$"}),
        (str, matches_re(r"cuda(:\d+)?", func=re.match), {"pattern": r"^(?:cuda(:\d+)?)"}),
        (str, matches_re(r"[a-z]\.", func=re.search), {"pattern": r"[a-z]\."}),
    ],
    ids=repr,
)
def test_a_validator_is_said_in_keywords(kind, validator, keywords):
    assert constrain(said(kind), validator) == said(kind) | keywords


def test_a_validator_of_items_is_said_of_the_items():
    widths = constrain(said(tuple[int, ...]), and_(max_len(3), deep_iterable(ge(1), iterable_validator=min_len(2))))
    assert widths == {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 3}
    pair = constrain(said(tuple[int, float]), deep_iterable(ge(1)))
    assert pair["prefixItems"] == [{"type": "integer", "minimum": 1}, {"type": "number", "minimum": 1}]


def _own(instance, attribute, value):
    raise ValueError("never right")


@pytest.mark.parametrize(
    ("kind", "validator"),
    [
        (int, None),
        (int, _own),
        (int, instance_of(int)),
        (int, not_(in_([3]))),
        (int, in_(range(10**9))),
        (int, in_([1, "a"])),
        (int, in_([True])),
        (str, in_("abc")),
        (str, ge("a")),
        (float, lt(float("inf"))),
        (Any, ge(1)),
        (Any, min_len(1)),
        (Any, deep_iterable(ge(1))),
        (str, matches_re("A", re.IGNORECASE)),
        (str, matches_re("(?P<name>a)")),
        (str, matches_re(r"a\Z")),
    ],
    ids=lambda value: getattr(value, "__name__", None) or repr(value),
)
def test_a_validator_that_a_schema_cannot_say_for_sure_is_left_out(kind, validator):
    assert constrain(said(kind), validator) == said(kind)
