"""Where the parts of a spec come from, and what to install where one of them is missing."""

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import attrs

from bczoo.card import Card
from bczoo.errors import InputError, SpecError, clip
from bczoo.kinds import KINDS
from bczoo.registry import zoo
from bczoo.spec import Spec
from bczoo.specfile import load_spec

# What is offered to a shell and to pip looks like nothing but a name and a version.
_ORIGIN: Final = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?) ([0-9][A-Za-z0-9.+-]{0,48})")
_LONGEST: Final = 800  # characters of a sentence that quotes a file


def origins(spec: Spec) -> dict[str, str]:
    """{"backbone cnn": "bczoo 0.1.0", ...}: distribution and version of every part, also of those inside others."""
    return {f"{card.kind} {card.name}": card.origin for card in _cards(spec)}


def _cards(value: Any) -> Iterator[Card]:
    if isinstance(value, tuple):
        for item in value:
            yield from _cards(item)
    elif attrs.has(type(value)):
        if hasattr(value, "__card__"):
            yield zoo().filed(value)
        for field in attrs.fields(type(value)):
            yield from _cards(getattr(value, field.name))


def needs(told: Any, table: Any) -> str:
    """What there must be for `table`, a spec or a piece of one, and is not: "backbone 'x' of y 1.0, which ...".

    `told` are the origins that somebody wrote down, and may be anything. Empty where they explain nothing.
    """
    used = set(_used(table))
    lost: dict[str, list[str]] = {}
    for part, origin in told.items() if isinstance(told, dict) else ():
        kind, _, name = part.partition(" ")
        if kind in KINDS and name in used and (kind, name) not in zoo().cards:
            lost.setdefault(origin if isinstance(origin, str) else "unknown", []).append(f"{kind} {clip(name, 100)!r}")
    clauses, wanted = [], []
    for origin, parts in lost.items():
        why, helps = _lost(origin)
        clauses.append(f"{' and '.join(parts)} {why}")
        wanted += [origin.replace(" ", "==")] if helps else []
    pip = f"; pip install {' '.join(wanted)}" if wanted else ""
    return clip(", and ".join(clauses) + pip, _LONGEST)


def _used(table: Any) -> Iterator[str]:
    """The name of every part in a table; no option is called `use`, so that every `use` names one."""
    if isinstance(table, dict) and isinstance(name := table.get("use"), str):
        yield name
    for item in table.values() if isinstance(table, dict) else table if isinstance(table, list) else ():
        yield from _used(item)


def _lost(origin: str) -> tuple[str, bool]:
    """Why parts of that origin are not there, and whether installing it would help."""
    known = _ORIGIN.fullmatch(origin)
    if not known:
        return f"of {clip(origin, 100)!r}, which no installed plugin offers", False
    name, wanted = known.groups()
    for broken in zoo().broken:
        if broken.origin.rpartition(" ")[0] == name:
            return f"of {origin}, but plugin {broken.plugin!r} ({broken.origin}) did not load: {broken.reason}", False
    try:
        present = version(name)
    except PackageNotFoundError:
        return f"of {origin}, which is not installed", True
    return f"of {origin}, but {name} {present} is installed, which has no such part", present != wanted


def load_run_spec(path: Path) -> Spec:
    """The spec of a run, spec.toml in its folder; where a part of it is gone, versions.json says what to install.

    Raises InputError, one sentence, for parts that are gone, and else what load_spec does.
    """
    try:
        return load_spec(path)
    except SpecError as error:
        lost = ""
        with suppress(OSError, ValueError, RecursionError):  # what cannot be read does not explain anything
            told = json.loads(path.with_name("versions.json").read_text(encoding="utf-8"))
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            lost = needs(told.get("plugins") if isinstance(told, dict) else None, table)
        if lost:
            raise InputError(f"{path} needs {lost}") from error
        raise
