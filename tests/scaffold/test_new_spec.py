"""A new spec says everything there is to say of the chosen parts, and is valid as it is."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from bczoo.card import card_of, component, field
from bczoo.describe import options_of
from bczoo.engine.parts import Head
from bczoo.errors import BczooError, InputError
from bczoo.hooks import hookimpl
from bczoo.registry import zoo
from bczoo.scaffold.newspec import describe_spec, new_spec
from bczoo.scaffold.places import places
from bczoo.specfile import load_spec


def words(text):
    """All words of a spec in order, however they are wrapped into comments."""
    return " ".join(text.replace("\n#", " ").split())


@pytest.fixture
def loaded(tmp_path):
    """`loaded(text)`: the spec that it is as a file."""

    def load(text):
        path = tmp_path / "written.toml"
        path.write_text(text, encoding="utf-8")
        return load_spec(path)

    return load


@pytest.mark.parametrize("card", list(zoo()), ids=lambda card: f"{card.kind}-{card.name}")
def test_of_every_part_there_is_a_spec_that_loads_and_says_all_its_options(card, loaded):
    text = new_spec({card.kind: [card.name]})
    assert loaded(text) == load_spec("bc_cnn", ["name=mine", places()[card.kind].assignment(card.name)])
    assert card.summary in words(text)
    for option in options_of(card.options):
        assert re.search(rf"^(# )?{option.name} = ", text, re.MULTILINE), option
        assert " ".join(option.help.split()) in words(text), option


def test_what_is_not_chosen_is_as_in_the_recipe(loaded):
    assert loaded(new_spec()) == load_spec("bc_cnn", ["name=mine"])


def test_an_option_says_what_it_may_be_where_its_help_does_not():
    text = new_spec()
    assert 'activation = "relu"           # "relu" | "gelu" | "silu": after each hidden layer\n' in text
    assert '"spatial_softmax" |' not in text


def test_an_option_says_its_default_where_it_has_another_value():
    text = new_spec()
    assert "dropout = 0.0                 # default 0.3: dropout after each hidden layer\n" in text
    assert "hidden = [512, 512]           # widths of hidden layers\n" in text


def test_what_is_unset_is_a_comment_that_names_its_type():
    text = new_spec()
    assert "# clip = float                # greatest norm of the gradient\n" in text
    assert "# steps = integer " in text


def test_lists_of_parts_are_tables_and_an_empty_one_says_how_to_begin(loaded):
    text = new_spec({"callback": ["ema", "early_stop"]})
    assert [card_of(part).name for part in loaded(text).callbacks] == ["ema", "early_stop"]
    assert "# [[data.augment]]\n" in text
    assert "bczoo list augmentation shows what there is" in text


def test_overrides_are_laid_over_the_parts(loaded):
    spec = loaded(new_spec({"temporal": ["act"]}, ["policy.horizon=4", "policy.temporal.d_model=64"]))
    assert (spec.policy.horizon, spec.policy.temporal.d_model) == (4, 64)


def test_any_text_is_written_so_that_toml_reads_it_back(loaded):
    path = 'C:\\demos "all"\n#1'
    spec = load_spec("bc_cnn", ['data.path="C:\\\\demos \\"all\\"\\n#1"'])
    assert spec.data.path == path
    assert loaded(describe_spec(spec)) == spec


def test_no_line_is_longer_than_a_screen_is_wide():
    for kind, name in {"backbone": "timm", "temporal": "act", "callback": "wandb"}.items():
        assert max(map(len, new_spec({kind: [name]}).splitlines())) <= 120


def test_the_file_names_the_spec(tmp_path):
    text = new_spec(to=tmp_path / "my first.toml")
    assert (tmp_path / "my first.toml").read_text(encoding="utf-8") == text
    assert load_spec(tmp_path / "my first.toml").name == "my_first"


def test_a_file_that_is_there_is_left_alone(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text("precious", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.toml exists and will not be overwritten; choose another file"):
        new_spec(to=mine)
    assert mine.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"backbone": ["resnet"]}, "no backbone called 'resnet'; did you mean 'resnet18'"),
        ({"bakbone": ["cnn"]}, "no kind 'bakbone'; did you mean 'backbone'"),
        ({"loss": ["l1", "mse"]}, "a spec takes one loss, and l1 and mse are 2"),
    ],
)
def test_a_wrong_choice_is_refused_with_what_was_meant(parts, said):
    with pytest.raises(InputError, match=said):
        new_spec(parts)


def test_parts_whose_shapes_do_not_fit_are_refused(made, put):
    put(made["env"].folder)
    with pytest.raises(BczooError, match=r"action 'spherical' \(bczoo .*\) cannot be built here: .* this action has 2"):
        new_spec({"env": ["new_env"], "action": ["spherical"]})


class Mixture(Head):
    predicts = "mixture"


@component("head", "mixture", f"{__name__}:Mixture")
class MixtureOptions:
    """Predicts a mixture."""


@component("callback", "wrapper", f"{__name__}:Mixture")
class Wrapper:
    """Has options of every sort."""

    inner: Any = field(factory=lambda: zoo().get("callback", "ema").options(), part="callback", help="a part inside")
    rates: dict[str, float] = field(factory=lambda: {"a": 0.5, "b c": 1.0}, help="a table")
    pairs: tuple[tuple[str, int], ...] = field(default=(("a", 1), ("b", 2)), help="lists of lists")


@component("callback", "needy", f"{__name__}:Mixture")
class Needy:
    """Has an option without default."""

    server: str = field(help="where to log")


@pytest.fixture
def _bigger_zoo():
    zoo.cache_clear()
    offer = hookimpl(lambda: (MixtureOptions, Wrapper, Needy))
    zoo().add(SimpleNamespace(bczoo_components=offer), "bigger")
    yield
    zoo.cache_clear()


@pytest.mark.usefixtures("_bigger_zoo")
def test_a_loss_that_cannot_train_the_head_is_refused():
    with pytest.raises(InputError, match="head 'mixture' predicts 'mixture', and loss 'huber' scores only point"):
        new_spec({"head": ["mixture"]})


@pytest.mark.usefixtures("_bigger_zoo")
def test_parts_inside_parts_and_tables_are_written_too(loaded):
    spec = load_spec("bc_cnn", ["name=mine", 'callbacks=[{use="wrapper"}, {use="ema", decay=0.5}]'])
    text = new_spec({"callback": ["wrapper", "ema"]}, ["callbacks=[{use='wrapper'}, {use='ema', decay=0.5}]"])
    assert loaded(text) == spec
    assert "[callbacks.inner]\n" in text


@pytest.mark.usefixtures("_bigger_zoo")
def test_an_option_without_default_is_asked_for_and_taken_from_an_override(loaded):
    with pytest.raises(InputError, match=r"callbacks.0.server: required, but missing: where to log"):
        new_spec({"callback": ["needy"]})
    text = new_spec(overrides=['callbacks=[{use="needy", server="here"}]'])
    assert 'server = "here"               # where to log\n' in text
    assert loaded(text).callbacks[0].server == "here"
