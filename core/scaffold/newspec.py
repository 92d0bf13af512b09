"""A new spec made of chosen parts: complete, with what every key means beside it."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

import attrs

from bczoo.card import Card, card_of
from bczoo.describe import Option, options_of, to_toml
from bczoo.errors import InputError, suggest
from bczoo.files import write_text
from bczoo.registry import zoo
from bczoo.scaffold.places import places
from bczoo.schema import unstructure
from bczoo.spec import Spec
from bczoo.specfile import load_spec

RECIPE: Final = "bc_cnn"  # what is not chosen is as in this recipe

_WIDTH: Final = 120
_COMMENT: Final = 30  # column of comments beside keys


def new_spec(
    parts: Mapping[str, Iterable[str]] | None = None, overrides: Iterable[str] = (), to: Path | None = None
) -> str:
    """The text of a spec of these parts, {kind: names}, else of the recipe RECIPE; `overrides` as of load_spec.

    With `to` it is written to that new file, too, and called like it. It has been checked, as by bczoo check. Raises
    InputError for a part or an override that cannot be, more parts of a kind than a spec takes, a loss that cannot
    train the head, or a file that is there; BczooError where shapes do not fit.
    """
    if to is not None and os.path.lexists(to):
        raise InputError(f"{to} exists and will not be overwritten; choose another file, or delete it")
    chosen = [_choice(kind, list(names)) for kind, names in (parts or {}).items()]
    spec = load_spec(RECIPE, [f'name="{_name(to)}"', *filter(None, chosen), *overrides])
    _check(spec)
    text = describe_spec(spec)
    if to is not None:
        write_text(to, text)
    return text


def _name(to: Path | None) -> str:
    """The name of a spec in that file: without what names of run folders do not have."""
    stem = to.name.removesuffix(".toml") if to else ""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", stem).lstrip("._-") or "mine"


def _choice(kind: str, names: list[str]) -> str:
    """The override that chooses these parts; "" for none."""
    if kind not in places():
        raise InputError(f"no kind {kind!r}; {suggest(kind, places())}")
    place = places()[kind]
    for name in names:
        zoo().get(kind, name)  # raises with the nearest name, and without a word of overrides
    if len(names) > 1 and not place.many:
        raise InputError(f"a spec takes one {kind}, and {' and '.join(names)} are {len(names)}")
    return place.assignment(*names) if names else ""


def _check(spec: Spec) -> None:
    from bczoo.engine.check_spec import check  # imports torch

    check(spec)


def describe_spec(spec: Spec) -> str:
    """All keys of a spec as TOML, with their help and their defaults as comments; those that are unset, too."""
    policy = [card_of(part).name for part in (spec.policy.backbone, spec.policy.temporal, spec.policy.head)]
    title = f"# {', '.join(policy)} on {card_of(spec.env).name}: every key there is, with its meaning."
    return "\n".join([title, *_table(spec, ()), ""])


def _table(options: Any, path: tuple[str, ...]) -> Iterator[str]:
    """The lines of one table: its own keys first, as TOML wants it, then the tables inside it."""
    described = {option.name: option for option in options_of(type(options))}
    inner: list[Iterator[str]] = []
    for field in attrs.fields(type(options)):
        value = getattr(options, field.name)
        if isinstance(value, tuple) and field.metadata.get("part"):
            inner.append(_list(value, field, (*path, field.name)))
        elif attrs.has(type(value)):
            inner.append(_headed(value, field, (*path, field.name)))
        else:
            yield from _key(described[field.name], value)
    for lines in inner:
        yield from lines


def _headed(value: Any, field: "attrs.Attribute[Any]", path: tuple[str, ...]) -> Iterator[str]:
    help: str = field.metadata.get("help", "")
    yield from ("", *_comment(help), f"[{'.'.join(path)}]")
    if hasattr(value, "__card__"):
        yield from _use(card_of(value))
    yield from _table(value, path)


def _list(values: tuple[Any, ...], field: "attrs.Attribute[Any]", path: tuple[str, ...]) -> Iterator[str]:
    help, kind = field.metadata["help"], field.metadata["part"]
    header = f"[[{'.'.join(path)}]]"
    yield from ("", *_comment(f"{help}; one table each, in their order"))
    if not values:
        yield from (f"# {header}", *_beside('# use = "..."', f"bczoo list {kind} shows what there is"))
    for number, value in enumerate(values):
        yield from (*([""] if number else []), header, *_use(card_of(value)), *_table(value, path))


def _use(card: Card) -> Iterator[str]:
    return _beside(f'use = "{card.name}"', card.summary)


def _key(option: Option, value: Any) -> Iterator[str]:
    """One key with what it may be, its default where it has another value, and its help."""
    if value is None:  # which TOML cannot say
        return _beside(f"# {option.name} = {option.type}", option.help)
    choices = re.findall(r'"(\w+)"', option.type)
    notes = [] if all(choice in option.help for choice in choices) else [option.type]
    if option.default not in ("required", to_toml(value)):
        notes.append(f"default {option.default}")
    help = f"{', '.join(notes)}: {option.help}" if notes else option.help
    return _beside(f"{option.name} = {_toml(unstructure(value))}", help)


def _beside(text: str, comment: str) -> Iterator[str]:
    """A line with its comment, which goes above it where there is no room beside it."""
    line = f"{text + '  ':<{_COMMENT}}# {comment}" if comment else text
    if len(line) <= _WIDTH:
        yield line
    else:
        yield from (*_comment(comment), text)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, _WIDTH - 2)]


def _toml(value: Any) -> str:
    """A value on one line, where tomli_w would take several."""
    import tomli_w

    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_toml(key)} = {_toml(item)}' for key, item in value.items())}}}"
    return tomli_w.dumps({"": value}).partition(" = ")[2].rstrip("\n")
