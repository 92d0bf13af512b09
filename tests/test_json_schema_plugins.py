"""The JSON Schema of specs where others' parts are installed, broken, or left out."""

import pytest
from jsonschema import Draft202012Validator
from spec_schema import FULL, changed, mistakes, refusals

from bczoo.json_schema import spec_schema
from bczoo.registry import zoo

STRANGER = '''
    import attrs
    from typing import Any, Literal
    from attrs.validators import ge, min_len
    from bczoo import component, field, hookimpl

    BCZOO_API = "1.0"

    @attrs.frozen(kw_only=True)
    class Crop:
        """Where to cut."""

        left: int = field(check=ge(0), help="pixels cut off on the left")
        also: "Crop | None" = field(default=None, help="another cut after it")

    @component("backbone", "mixed/first try", "bczoo_mixed:Net")
    class Mixed:
        """Several backbones side by side."""

        first: Any = field(part="backbone", use="cnn", help="looks first")
        others: tuple[Any, ...] = field(part="backbone", check=min_len(1), help="look afterwards")
        crop: Crop | None = field(default=None, help="cuts images")
        place: tuple[str, int] = field(default=("top", 1), help="camera and its number")
        tokens: Literal["mean", "each"] = field(default="mean", help="what is handed on")

    @hookimpl
    def bczoo_components():
        return (Mixed,)
'''


@pytest.fixture
def stranger(install):
    install("bczoo_mixed", STRANGER)
    schema = spec_schema()
    Draft202012Validator.check_schema(schema)
    return schema


def test_a_strangers_part_has_its_options_and_says_where_it_is_from(stranger):
    part = next(part for part in stranger["$defs"].values() if part.get("title") == "backbone mixed/first try")
    assert part["description"] == "Several backbones side by side. (bczoo-mixed 1.2)"
    assert part["required"] == ["first", "others"]
    assert part["properties"]["first"]["default"] == {"use": "cnn"}
    assert "bczoo-mixed 1.2" in stranger["description"]
    assert "mixed/first try" in stranger["$defs"]["backbone-keys"]["properties"]["use"]["enum"]


BACKBONE = {
    "use": "mixed/first try",
    "first": {"pool": "flatten"},
    "others": [{"use": "none"}, {"use": "mixed/first try", "first": {}, "others": [{"use": "cnn"}]}],
    "crop": {"left": 3, "also": {"left": 4}},
    "place": ["front", 0],
    "tokens": "each",
}


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("first.pool", "max", "first.pool"),
        ("first", {"hidden": 3}, "first.hidden"),
        ("others", ..., "others"),
        ("others", [], "others"),
        ("others.1.others.0.pool", 3, "others.1.others.0.pool"),
        ("crop.also.left", -1, "crop.also.left"),
        ("crop.left", ..., "crop.left"),
        ("place", ["front", "0"], "place.1"),
        ("tokens", "grid", "tokens"),
    ],
)
def test_parts_and_tables_within_a_strangers_part_are_checked_like_all_others(stranger, path, value, place):
    checker = Draft202012Validator(stranger)
    right = changed(FULL, "policy.backbone", BACKBONE)
    wrong = changed(FULL, "policy.backbone", changed(BACKBONE, path, value))
    assert refusals(right, checker) == mistakes(right) == set()
    assert refusals(wrong, checker) == mistakes(wrong) == {("policy", "backbone", *place.split("."))}


def test_a_part_whose_options_cannot_be_read_is_there_and_says_so(install):
    install(
        "bczoo_odd",
        '''
        from bczoo import component, field, hookimpl

        BCZOO_API = "1.0"

        @component("head", "odd", "bczoo_odd:Net")
        class Odd:
            """Odd."""

            first: int = field(factory=lambda: 1 // 0, help="cannot be had")

        @hookimpl
        def bczoo_components():
            return (Odd,)
        ''',
    )
    schema = spec_schema()
    assert schema["$defs"]["head.odd"]["description"] == (
        "Odd. (bczoo-odd 1.2); its options cannot be read: ZeroDivisionError: integer division or modulo by zero"
    )
    table = changed(FULL, "policy.head", {"use": "odd", "first": 3})
    assert refusals(table, Draft202012Validator(schema)) == set()


def test_a_kind_without_parts_makes_a_schema_that_refuses_all_of_them(monkeypatch):
    monkeypatch.setenv("BCZOO_BLOCK", "heads")
    zoo.cache_clear()
    try:
        checker = Draft202012Validator(spec_schema())
        checker.check_schema(checker.schema)
        assert refusals(changed(FULL, "policy.head", {"use": "mlp"}), checker) == {("policy", "head", "use")}
    finally:
        zoo.cache_clear()
