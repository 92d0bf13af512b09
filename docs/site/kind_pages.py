"""One page a kind of part: what there is, the options of each, and the contract that all of them keep."""

import inspect
from collections.abc import Callable
from typing import Any

import attrs
import tomli_w
from code_pages import docstring
from options_table import options_table
from tables import block, code, prose, table
from titles import TITLES

from bczoo.card import Card
from bczoo.engine import env, parts
from bczoo.registry import zoo
from bczoo.scaffold.places import places
from bczoo.schema import unstructure
from bczoo.testing.kinds import CHECKS

# Kinds whose parts are subclasses of an interface. Read as source: types and comments say as much as docstrings.
INTERFACES: dict[str, type] = {
    "backbone": parts.Backbone,
    "temporal": parts.Temporal,
    "head": parts.Head,
    "action": parts.ActionForm,
    "loss": parts.Loss,
    "augmentation": parts.Augmentation,
    "schedule": parts.Schedule,
}
# The others follow somebody else's interface, and what bczoo adds to it.
WORDS: dict[str, Callable[[], str]] = {
    "env": lambda: docstring(env),
    "optimizer": lambda: (
        "Built as `(options, groups)`, where `groups` are torch's parameter groups; a "
        "`torch.optim.Optimizer`, or a function that returns one. A group may have a learning rate of its own "
        "(`train.backbone_lr`), which has to be kept."
    ),
    "callback": lambda: (
        "Built as `(options)`; a class whose methods, marked with `@hookimpl`, answer any of the "
        "[hooks](hooks.md) that are called with a `run`. What it keeps from step to step it offers as `state_dict()` "
        "and `load_state_dict(state)`."
    ),
}


def kind_page(kind: str) -> str:
    """The page of one kind, with the parts that bczoo itself brings."""
    cards = [card for card in zoo().of_kind(kind) if card.dist == "bczoo"]
    place = code(places()[kind].header)
    chosen = f"Chosen in a spec by {place}; `bczoo list {kind}` also shows those of installed plugins.\n"
    rows = [(f"[{card.name}](#{card.name.lower()})", prose(card.summary)) for card in cards]
    parts = [table(("use", "what it is"), rows), *map(_part, cards)]
    return "\n".join([f"# {TITLES[kind]}\n", chosen, *parts, _contract(kind)])


def snippet(card: Card) -> str:
    """What a spec says to use the part, with every default written out."""
    place = places()[card.kind]
    value: Any = unstructure(card.options())
    if place.many:
        value = [value]
    for key in reversed(place.key.split(".")):
        value = {key: value}
    return tomli_w.dumps(value)


def _part(card: Card) -> str:
    options = options_table(card.options) if attrs.fields(card.options) else "It has no options.\n"
    return "\n".join(
        [
            f"## {card.name}\n",
            f"{docstring(card.options)}\n",
            f"From {card.origin}, plugin `{card.plugin}`; implementation `{card.impl}`.\n",
            block("toml", snippet(card)),
            options,
        ]
    )


def _contract(kind: str) -> str:
    interface = INTERFACES.get(kind)
    words = block("python", inspect.getsource(interface)) if interface else f"{WORDS[kind]()}\n"
    place = TITLES[kind].lower().replace(" ", "-")
    return "\n".join(
        [
            f"## The contract\n\nWhat every {kind} keeps, built-in or not.\n",
            words,
            f"`bczoo.testing` holds it to this: {docstring(CHECKS[kind])}\n",
            f"[All that it demands](testing.md#{place})\n",
        ]
    )
