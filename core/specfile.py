"""Spec files: finding them, overriding them, and saying where in them a mistake is."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import attrs

from bczoo.errors import InputError, SpecError, brief, first_of, suggest
from bczoo.files import check_depth
from bczoo.schema import Mistake, Mistakes, structure, unstructure
from bczoo.spec import Spec

Table = dict[str, Any]
Keys = tuple[str, ...]

_LONGEST: Final = 1 << 15  # bytes of a spec; the longest have 3,000, and the parser takes time for long keys
_MOST_LINES: Final = 500  # of a spec in which mistakes are looked for line by line

# The parser itself says ValueError for numbers of thousands of digits, RecursionError for as many brackets.
_BAD_TOML = (ValueError, RecursionError)


def load_spec(source: str | Path, overrides: Iterable[str] = ()) -> Spec:
    """Read a spec by path, else by bare name among the shipped recipes, and check all of it.

    `overrides` are TOML assignments such as "train.optimizer.lr=3e-4". Raises SpecError with every
    mistake: key path, line number (or the override it came from) and what was probably meant.
    """
    place, text = find_spec(source)
    try:
        table = _parse(text)
    except _BAD_TOML as error:
        raise SpecError([f"{place}: not valid TOML: {brief(error)}"]) from error
    given = [(override, assignment(override)) for override in overrides]
    if given:
        _name_defaults(table, Spec)
    # Laid over each other first: an option given before its part's `use` is meant for that part, too.
    changes: Table = {}
    for _, change in given:
        _merge(changes, deepcopy(change))
    _merge(table, changes)
    try:
        return spec_from_table(table)
    except Mistakes as error:
        lines = _lines(text)
        raise SpecError(first_of([_located(mistake, place, lines, given) for mistake in error.mistakes], 50)) from error


def as_spec(spec: Spec | str | Path, overrides: Iterable[str] = ()) -> Spec:
    """A spec that is loaded already, or what load_spec makes of it; raises InputError for overrides of the former."""
    if not isinstance(spec, Spec):
        return load_spec(spec, overrides)
    if overrides := list(overrides):
        raise InputError(f"overrides {overrides} are for spec files; a Spec is changed with attrs.evolve")
    return spec


def spec_from_table(table: Table) -> Spec:
    """A spec from an already parsed table; raises bczoo.schema.Mistakes."""
    spec: Spec = structure(table, Spec)
    return spec


def dump_spec(spec: Spec) -> str:
    """The complete spec as TOML, every default written out."""
    import tomli_w

    return tomli_w.dumps(unstructure(spec))


def recipes() -> dict[str, str]:
    """Shipped recipes: name -> text."""
    folder = files("bczoo") / "recipes"
    found = {item.name.removesuffix(".toml"): item for item in folder.iterdir() if item.name.endswith(".toml")}
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found)}


def find_spec(source: str | Path) -> tuple[str, str]:
    """(what to call it, text) of the spec a user means; raises InputError when there is none."""
    path = Path(source)
    try:
        if path.is_file():
            with path.open("rb") as file:
                content = file.read(_LONGEST + 1)
            if len(content) > _LONGEST:
                raise InputError(f"{path}: cannot be a spec: longer than {_LONGEST} bytes")
            return str(path), content.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a spec: {error}") from error
    known = recipes()
    name = path.name.removesuffix(".toml")
    if path.parent == Path() and name in known:
        return f"{name}.toml (recipe)", known[name]
    raise InputError(f"no spec file {str(source)!r} here and no recipe of that name; {suggest(name, known)}")


def _parse(text: str) -> Table:
    """Parse TOML, raising one of _BAD_TOML; what it returns is flat enough to be followed."""
    table = tomllib.loads(text)
    check_depth(table)
    return table


def assignment(override: str, option: str = "--set") -> Table:
    """The table that "key.path=value" stands for; raises InputError, which names the `option` that it was given by."""
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise InputError(f"{option} {override}: write it as key.path=value, e.g. train.batch_size=64")
    if "\n" in override:  # or keys other than the one that is named could follow
        raise InputError(f"{option} {override}: give one key on one line")
    try:
        return _parse(f"{key} = {value}")
    except _BAD_TOML:
        # Shells eat quotes, so a bare word is taken for a string.
        if not re.fullmatch(r"""[^\s'"#,=\[\]{}]+""", value.strip()):
            raise InputError(f"{option} {override}: {value!r} is not a TOML value") from None
    try:
        return _parse(f"{key} = '{value.strip()}'")
    except _BAD_TOML as error:
        raise InputError(f"{option} {override}: {key!r} is not a key path: {error}") from error


def _name_defaults(table: Table, cls: type) -> None:
    """Write `use` where a table leaves it to the default, so that a change to another part is seen to be one."""
    for field in attrs.fields(cls):
        inner = table.get(field.name)
        if not isinstance(inner, dict):
            continue
        if default := field.metadata.get("use"):
            inner.setdefault("use", default)
        elif field.type is not None and attrs.has(field.type):
            _name_defaults(inner, field.type)


def _merge(table: Table, change: Table) -> None:
    """Lay `change` over `table`, table by table."""
    if "use" in table and change.get("use", table["use"]) != table["use"]:
        # Another part: the options in the table were for the old one.
        table.clear()
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(table.get(key), dict):
            _merge(table[key], value)
        else:
            table[key] = value


def _located(mistake: Mistake, place: str, lines: dict[Keys, int], given: list[tuple[str, Table]]) -> str:
    for override, change in reversed(given):
        if mistake.path and _holds(change, mistake.path):
            return f"--set {override}: {mistake}"
    path = mistake.path
    while path and path not in lines:
        path = path[:-1]  # the nearest table that is there
    return f"{place}:{lines[path]}: {mistake}" if path else f"{place}: {mistake}"


def _holds(value: Any, path: Iterable[str]) -> bool:
    for key in path:
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return False
    return True


def _lines(text: str) -> dict[Keys, int]:
    """The line at which each key path begins.

    The TOML parser keeps no positions, so this asks it what each beginning of the file holds that the one
    before did not. Beginnings that end inside a value do not parse and are passed over.
    """
    lines = text.split("\n")  # and not splitlines(), which knows line breaks that TOML does not
    found: dict[Keys, int] = {}
    start = 1
    for end in range(1, len(lines) + 1 if len(lines) <= _MOST_LINES else 1):
        try:
            table = _parse("\n".join(lines[:end]))
        except _BAD_TOML:
            continue
        for path in _paths(table):
            found.setdefault(path, start)
        start = end + 1
    return found


def _paths(value: Any, path: Keys = ()) -> Iterator[Keys]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, str(key))
        yield from _paths(item, (*path, str(key)))
