"""Every kind of part has its place in a spec, and --set reaches it."""

from bczoo import load_spec
from bczoo.card import card_of
from bczoo.kinds import KINDS
from bczoo.scaffold.places import places


def test_every_kind_has_one():
    assert sorted(places()) == sorted(KINDS)


def test_one_part_and_lists_of_parts_are_chosen_by_their_assignments():
    loss, callback = places()["loss"], places()["callback"]
    spec = load_spec("bc_cnn", [loss.assignment("l1"), callback.assignment("ema", "early_stop")])
    assert card_of(spec.loss).name == "l1"
    assert [card_of(part).name for part in spec.callbacks] == ["ema", "early_stop"]
    assert (loss.header, callback.header) == ("[loss]", "[[callbacks]]")


def test_names_that_toml_takes_for_something_else_are_quoted():
    assert places()["loss"].assignment("log_cosh") == "loss.use=log_cosh"
    assert places()["loss"].assignment("nan") == 'loss.use="nan"'
    assert places()["loss"].assignment("2d") == 'loss.use="2d"'
