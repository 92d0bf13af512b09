"""The JSON Schema of specs: what it accepts and refuses, where it says so, and that it agrees with the zoo itself."""

import tomllib

import pytest
import tomli_w
from fuzzing import cases, spoilt
from hypothesis import assume, given
from jsonschema import Draft202012Validator
from spec_schema import CHECKER, COMPLETE, FULL, RECIPES, SCHEMA, changed, mistakes, refusals

from bczoo.describe import options_of
from bczoo.json_schema import ID
from bczoo.registry import zoo
from bczoo.schema import structure_part


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
