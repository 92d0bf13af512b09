"""The JSON Schema of specs: what it accepts and refuses, where it says so, and that it agrees with the zoo itself."""

import copy
import tomllib

import pytest
import tomli_w
from fuzzing import cases, spoilt
from hypothesis import assume, given
from jsonschema import Draft202012Validator

from bczoo import InputError, load_spec
from bczoo.describe import options_of
from bczoo.json_schema import ID, spec_schema, write_schema
from bczoo.registry import zoo
from bczoo.schema import Mistakes, structure_part
from bczoo.specfile import dump_spec, recipes, spec_from_table

SCHEMA = spec_schema()
CHECKER = Draft202012Validator(SCHEMA)
RECIPES = {name: tomllib.loads(text) for name, text in recipes().items()}
COMPLETE = {name: tomllib.loads(dump_spec(load_spec(name))) for name in RECIPES}

# One part of every built-in kind, and lists of parts.
FULL = copy.deepcopy(COMPLETE["act_resnet_cvae"])
FULL["data"]["augment"] = [{"use": "shift", "pixels": 4}, {"use": "state_noise", "std": [0.1, 0.2]}]
FULL["callbacks"] = [{"use": "ema", "decay": 0.99}, {"use": "wandb", "tags": ["a"], "mode": "offline"}]

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


def changed(table, path, value):
    """A copy with the value at the dotted path set, or removed for `...`."""
    table = copy.deepcopy(table)
    *above, key = [int(key) if key.isdigit() else key for key in path.split(".")]
    holder = table
    for step in above:
        holder = holder[step]
    if value is ...:
        del holder[key]
    else:
        holder[key] = value
    return table


def refusals(table, checker=CHECKER):
    """The key path of everything the schema refuses: for a key too many or too few, of that key."""
    places = set()
    for error in checker.iter_errors(table):
        path = tuple(map(str, error.absolute_path))
        if error.validator == "required":
            missing = {key for key in error.validator_value if key not in error.instance}
            # A table without its `use` is what bczoo refuses, not the key.
            places |= {path if key == "use" else (*path, key) for key in missing}
        elif error.validator == "additionalProperties":
            places |= {(*path, key) for key in error.instance if key not in error.schema["properties"]}
        else:
            places.add(path)
    return places


def mistakes(table, read=spec_from_table):
    """The key path of everything bczoo refuses."""
    try:
        read(table)
    except Mistakes as error:
        return {mistake.path for mistake in error.mistakes}
    return set()


def test_it_is_a_schema_of_the_draft_it_names():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert SCHEMA["$id"] == ID
    assert SCHEMA["title"] == "bczoo spec"
    assert zoo().get("head", "mlp").origin in SCHEMA["description"]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_valid_as_written_and_in_full(name):
    assert refusals(RECIPES[name]) == set()
    assert refusals(COMPLETE[name]) == set()


def test_every_option_of_every_part_is_there_with_its_help():
    for card in zoo():
        part = SCHEMA["$defs"][f"{card.kind}.{card.name}"]
        described = {key: option["description"] for key, option in part["properties"].items() if key != "use"}
        assert described == {option.name: option.help for option in options_of(card.options)}
        assert part["properties"]["use"] == {"const": card.name, "description": card.summary}
        assert part["description"] == f"{card.summary} ({card.origin})"
        assert part["additionalProperties"] is False


@pytest.mark.parametrize("card", list(zoo()), ids=lambda card: f"{card.kind}-{card.name}")
def test_the_defaults_it_shows_are_the_parts_own(card):
    properties = SCHEMA["$defs"][f"{card.kind}.{card.name}"]["properties"]
    shown = {key: option["default"] for key, option in properties.items() if "default" in option}
    assert structure_part({"use": card.name, **shown}, card.kind) == card.options()


def test_an_option_has_type_default_bounds_and_help():
    defs = SCHEMA["$defs"]
    assert defs["head.mlp"]["properties"]["dropout"] == {
        "description": "dropout after each hidden layer",
        "type": "number",
        "minimum": 0.0,
        "exclusiveMaximum": 1.0,
        "default": 0.3,
    }
    assert defs["backbone.cnn"]["properties"]["pool"]["enum"] == ["avg", "spatial_softmax", "flatten"]
    assert defs["bczoo.spec.Train"]["properties"]["schedule"]["default"] == {"use": "plateau"}
    assert "default" not in defs["bczoo.spec.Train"]["properties"]["epochs"]
    assert SCHEMA["required"] == ["name", "env", "policy", "train"]


def test_an_editor_is_offered_every_part_with_its_summary_and_all_their_options():
    keys = SCHEMA["$defs"]["backbone-keys"]["properties"]
    cards = zoo().of_kind("backbone")
    assert keys["use"]["enum"] == [card.name for card in cards]
    assert keys["use"]["x-taplo"]["docs"]["enumValues"] == [f"{card.summary} ({card.origin})" for card in cards]
    assert set(keys) == {"use"} | {option.name for card in cards for option in options_of(card.options)}
    assert keys["freeze"]["description"].endswith("only the parts behind the backbone learn (resnet18, timm, vit_b16)")
    assert [tokens["default"] for tokens in keys["tokens"]["anyOf"]] == ["pooled", "pooled", "cls"]
    assert [tokens["description"].rpartition(" ")[2] for tokens in keys["tokens"]["anyOf"]] == [
        "(resnet18)",
        "(timm)",
        "(vit_b16)",
    ]


MISTAKES = {
    "a misspelt key": ("nmae", "x", "nmae"),
    "a misspelt table": ("policy.bakbone", {"use": "cnn"}, "policy.bakbone"),
    "a misspelt option": ("policy.head.droput", 0.1, "policy.head.droput"),
    "an option of another part": ("policy.backbone.pool", "avg", "policy.backbone.pool"),
    "an option of a part that the default is not": ("loss", {"delta": 1.0}, "loss.delta"),
    "an unknown part": ("train.optimizer.use", "Adamm", "train.optimizer.use"),
    "a use that is no string": ("train.optimizer.use", 3, "train.optimizer.use"),
    "a missing use": ("env.use", ..., "env"),
    "a missing table": ("policy.backbone", ..., "policy.backbone"),
    "a missing key": ("name", ..., "name"),
    "a string for a whole number": ("seed", "3", "seed"),
    "true for a whole number": ("train.keep", True, "train.keep"),
    "a fraction for a whole number": ("train.keep", 1.5, "train.keep"),
    "a string for a number": ("data.noise", "0.3", "data.noise"),
    "a number for a boolean": ("policy.state", 1, "policy.state"),
    "a number for a string": ("data.path", 3, "data.path"),
    "a choice there is not": ("data.load", "later", "data.load"),
    "a number for a table": ("policy", 3, "policy"),
    "a string for a part": ("policy.temporal", "act", "policy.temporal"),
    "a string for a part without default": ("env", "push", "env"),
    "too little": ("train.batch_size", 0, "train.batch_size"),
    "too much": ("data.noise", 2.5, "data.noise"),
    "exactly the bound that is excluded": ("train.validation", 1.0, "train.validation"),
    "a name that does not match": ("name", "a b", "name"),
    "a device that does not match": ("train.device", "cuda:x", "train.device"),
    "an item of a wrong kind of number": ("policy.head.hidden", [512, 0.5], "policy.head.hidden.1"),
    "an item of a wrong type": ("env.cameras", ["front", "back"], "env.cameras.1"),
    "too few items": ("env.cameras", [], "env.cameras"),
    "too many items": ("policy.head.hidden", [1] * 101, "policy.head.hidden"),
    "a list of another length": ("train.optimizer.betas", [0.9], "train.optimizer.betas"),
    "a number for a list": ("policy.head.hidden", 512, "policy.head.hidden"),
    "a table for a list of parts": ("callbacks", {"use": "ema"}, "callbacks"),
    "an option out of bounds in a list of parts": ("callbacks.0.decay", 1.0, "callbacks.0.decay"),
    "an unknown part in a list": ("data.augment.1.use", "shfit", "data.augment.1.use"),
    "a part in a list without its use": ("data.augment.0.use", ..., "data.augment.0"),
}


@pytest.mark.parametrize(("path", "value", "place"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_where_bczoo_itself_refuses_it_and_nowhere_else(path, value, place):
    table = changed(FULL, path, value)
    assert refusals(table) == mistakes(table) == {tuple(place.split("."))}


def test_an_item_out_of_bounds_is_refused_where_it_is():
    table = changed(FULL, "policy.head.hidden", [512, 0])
    assert refusals(table) == {("policy", "head", "hidden", "1")}
    assert mistakes(table) == {("policy", "head", "hidden")}  # attrs' own validator knows no more


def test_mistakes_are_named_one_by_one_and_in_words():
    table = changed(changed(FULL, "policy.head.dropout", 1.0), "policy.backbone.use", "resnet81")
    said = [(".".join(map(str, error.absolute_path)), error.message) for error in CHECKER.iter_errors(table)]
    assert sorted(said) == [
        ("policy.backbone.use", "'resnet81' is not one of ['cnn', 'none', 'resnet18', 'timm', 'vit_b16']"),
        ("policy.head.dropout", "1.0 is greater than or equal to the maximum of 1.0"),
    ]


UNSEEN = {
    "a whole number with a point": ("train.keep", 2.0),
    "a rule between options": ("policy.temporal.heads", 7),
    "a rule between tables": ("eval.execute", 9),
    "a part's own check": ("policy.backbone.weights", "imagenett"),
    "no number": ("train.save_minutes", float("nan")),
}


@pytest.mark.parametrize(("path", "value"), UNSEEN.values(), ids=UNSEEN)
def test_what_a_schema_cannot_see_is_left_to_bczoo(path, value):
    table = changed(FULL, path, value)
    assert refusals(table) == set()
    assert mistakes(table)


PLACES = {
    "augmentation": "data.augment",
    "callback": "callbacks",
    "env": "env",
    "loss": "loss",
    "optimizer": "train.optimizer",
    "schedule": "train.schedule",
}


@pytest.mark.parametrize("card", list(zoo()), ids=lambda card: f"{card.kind}-{card.name}")
def test_any_part_may_be_taken_by_its_name_alone(card):
    place = PLACES.get(card.kind, f"policy.{card.kind}")
    part = {"use": card.name}
    table = changed(FULL, place, [part] if card.kind in ("augmentation", "callback") else part)
    assert refusals(table) == mistakes(table) == set()


def in_toml(table):
    """The table as TOML holds it, or None where it cannot."""
    try:
        return tomllib.loads(tomli_w.dumps(table))
    except (TypeError, ValueError):
        return None


def is_named(place, found):
    """Whether one of the mistakes found is at the place or above it; bczoo stops naming items after twenty."""
    return any(place[: len(path)] == path for path in found) or any(key.isdigit() and int(key) > 20 for key in place)


@cases(150)
@given(spoilt(FULL))
def test_of_a_spoilt_spec_it_refuses_nothing_that_bczoo_does_not_refuse_there(table):
    table = in_toml(table)
    assume(table is not None)
    found = mistakes(table)
    refused = refusals(table)
    assert found or not refused
    assert [place for place in refused if not is_named(place, found)] == []


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


def test_a_schema_is_written_over_an_older_one(tmp_path):
    path = tmp_path / "bczoo.schema.json"
    write_schema(path)
    written = path.read_text(encoding="utf-8")
    path.write_text(written.replace("bczoo spec", "an older one"), encoding="utf-8")
    write_schema(path)
    assert path.read_text(encoding="utf-8") == written
    assert [item.name for item in tmp_path.iterdir()] == ["bczoo.schema.json"]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"$id": "urn:bczoo:other"}', b"[]", b"\xff", b"[" * 5000])
def test_any_other_file_is_never_overwritten(tmp_path, content):
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"mine\.json exists and is no schema of bczoo's"):
        write_schema(path)
    assert path.read_bytes() == content


def test_a_folder_or_a_link_to_nothing_is_not_overwritten_either(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    for path in (tmp_path, tmp_path / "link"):
        with pytest.raises(InputError, match="exists and is no schema"):
            write_schema(path)
    assert (tmp_path / "link").is_symlink()
