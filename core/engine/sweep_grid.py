"""The cells of a sweep: every combination of levels as a complete spec, with all mistakes told at once; no torch."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import combinations, product
from math import prod
from pathlib import Path
from typing import Any, Final

import attrs

from bczoo.describe import to_toml
from bczoo.engine.sweep_levels import key_path, level_key, plain_levels
from bczoo.engine.sweep_plan import SPEC, Axis, CellPlan, Design, Plan, Source
from bczoo.errors import InputError, SpecError, clip, first_of
from bczoo.schema import unstructure
from bczoo.spec import Spec
from bczoo.specfile import assignment, load_spec

_LONGEST: Final = 120  # characters of a cell's name; file systems take 255 bytes with seed and endings
_LEVEL: Final = 40  # of them for one level
_MOST: Final = 10_000  # runs; more than that is a slip of the pen, and takes long to find out

Levels = dict[str, Any]


def make_plan(
    specs: Sequence[str | Path],
    *,
    overrides: Sequence[str] = (),
    vary: Mapping[str, Sequence[Any]],
    seeds: Sequence[int],
    design: Design = "grid",
) -> Plan:
    """What is to be run: each spec, with `overrides`, at each combination of levels, with each seed.

    With "one-at-a-time", the base cell has the first level of every axis and each other one changes one axis from it.
    Raises InputError with all mistakes of all cells.
    """
    varied = {key: plain_levels(key, levels) for key, levels in vary.items()}
    _check_keys(overrides, varied)
    sources = _by_name(specs, overrides, varied)
    axes = [Axis(key=key, levels=levels) for key, levels in varied.items()]
    if len(sources) > 1:
        axes.insert(0, Axis(key=SPEC, levels=tuple(sources)))
    _check_size([len(axis.levels) for axis in axes], len(seeds), design)
    combined = _grid(axes) if design == "grid" else _one_at_a_time(axes)
    names = _names(axes, combined, next(iter(sources)), design)
    loaded = _load_all(sources, overrides, dict(zip(names, combined, strict=True)))
    cells = tuple(
        CellPlan(
            name=name,
            spec_name=levels.get(SPEC, next(iter(sources))),
            levels=levels,
            overrides=tuple(_assignments(levels)),
            spec=unstructure(attrs.evolve(spec, seed=seeds[0])),
        )
        for (name, levels), spec in zip(zip(names, combined, strict=True), loaded, strict=True)
    )
    _refuse_equal(cells)
    firsts = {cell.spec_name: cell.spec for cell in reversed(cells)}
    return Plan(
        bczoo=version("bczoo"),
        design=design,
        specs=tuple(Source(name=name, spec=firsts[name]) for name in sources),
        vary=tuple(axes),
        seeds=tuple(seeds),
        cells=cells,
    )


def _check_keys(overrides: Sequence[str], vary: Mapping[str, Sequence[Any]]) -> None:
    """Raise InputError for keys that contradict each other, and for levels that are none or not different."""
    paths = {key: key_path(key) for key in vary}
    given = {key_path(text.partition("=")[0]): text for text in overrides if assignment(text)}
    mistakes: list[str] = []
    for key, path in paths.items():
        mistakes += _wrong_with(key, path, vary[key])
        if path in given:
            mistakes.append(f"--set {given[path]}: {key} is varied as well; set it or vary it")
    for (one, short), (other, long) in combinations(sorted(paths.items(), key=lambda item: len(item[1])), 2):
        if long[: len(short)] == short:
            mistakes.append(f"--vary {other}: it is the same as {one}, or a piece of it; vary one of the two")
    if ("seed",) in given:
        mistakes.append(f"--set {given['seed',]}: the seeds of a sweep are chosen by --seeds")
    if mistakes:
        raise SpecError(mistakes)


def _wrong_with(key: str, path: tuple[str, ...], levels: Sequence[Any]) -> Iterator[str]:
    """What is wrong with a key and its levels alone."""
    if path[0] == SPEC:
        yield f"--vary {key}: a spec has no such key; to compare specs, give --spec several times"
    if path == ("seed",):
        yield "--vary seed: the seeds of a sweep are chosen by --seeds"
    if not levels:
        yield f"--vary {key}: give at least one level"
    if twice := [level for level, times in Counter(map(level_key, levels)).items() if times > 1]:
        yield f"--vary {key}: the level {clip(twice[0], 200)} is given twice"


def _check_size(levels: Sequence[int], seeds: int, design: Design) -> None:
    """Raise InputError for more runs than anybody means, before there are as many cells in memory."""
    cells = prod(levels) if design == "grid" else 1 + sum(count - 1 for count in levels)
    if cells * seeds > _MOST:
        raise InputError(
            f"{cells:,} cells with {seeds:,} seeds are {cells * seeds:,} runs, more than {_MOST:,}; leave levels or "
            "seeds out" + ("" if design == "one-at-a-time" else ", or change one key at a time (--one-at-a-time)")
        )


def _by_name(
    specs: Sequence[str | Path], overrides: Sequence[str], vary: Mapping[str, Sequence[Any]]
) -> dict[str, str | Path]:
    """The specs by the names they give themselves, each loaded as its first cell has it."""
    if not specs:
        raise InputError("give at least one spec to sweep")
    first = [f"{key}={to_toml(levels[0])}" for key, levels in vary.items()]
    sources: dict[str, str | Path] = {}
    mistakes: list[str] = []
    for source in specs:
        try:
            name = load_spec(source, [*overrides, *first]).name
        except InputError:  # told later, with the mistakes of all the other cells
            name = str(source)
        if name in sources:
            mistakes.append(f"--spec {source}: {sources[name]} is called {name!r}, too; give each spec its own `name`")
        sources[name] = source
    if mistakes:
        raise SpecError(mistakes)
    return sources


def _grid(axes: Sequence[Axis]) -> list[Levels]:
    keys = [axis.key for axis in axes]
    return [dict(zip(keys, levels, strict=True)) for levels in product(*(axis.levels for axis in axes))]


def _one_at_a_time(axes: Sequence[Axis]) -> list[Levels]:
    base = {axis.key: axis.levels[0] for axis in axes}
    return [base, *(base | {axis.key: level} for axis in axes for level in axis.levels[1:])]


def _assignments(levels: Levels) -> list[str]:
    return [f"{key}={to_toml(level)}" for key, level in levels.items() if key != SPEC]


def _load_all(sources: Mapping[str, str | Path], overrides: Sequence[str], cells: Mapping[str, Levels]) -> list[Spec]:
    """Every cell's spec; raises SpecError with all mistakes, each of them once."""
    loaded: list[Spec] = []
    mistakes: dict[str, list[str]] = {}  # and the cells that have them
    for name, levels in cells.items():
        varied = _assignments(levels)
        try:
            loaded.append(load_spec(sources[levels.get(SPEC, next(iter(sources)))], [*overrides, *varied]))
        except SpecError as error:
            for mistake in error.mistakes:
                mistakes.setdefault(_as_varied(mistake, varied), []).append(name)
        except InputError as error:
            mistakes.setdefault(str(error), []).append(name)
    if mistakes:
        raise SpecError(first_of([_in_cell(mistake, found, len(cells)) for mistake, found in mistakes.items()], 50))
    return loaded


def _as_varied(mistake: str, varied: Sequence[str]) -> str:
    """load_spec takes levels for overrides, and names them so."""
    for text in varied:
        if mistake.startswith(f"--set {text}:"):
            return f"--vary {mistake.removeprefix('--set ')}"
    return mistake


def _in_cell(mistake: str, names: Sequence[str], cells: int) -> str:
    """A mistake that only some cells have, and that no single level is to blame for, needs one of them named."""
    return mistake if mistake.startswith("--") or len(names) == cells else f"cell {names[0]}: {mistake}"


def _refuse_equal(cells: Sequence[CellPlan]) -> None:
    seen: dict[str, str] = {}
    for cell in cells:
        text = to_toml(cell.spec)
        if text in seen:
            raise InputError(f"cells {seen[text]} and {cell.name} are the same spec; leave one of them out")
        seen[text] = cell.name


def _names(axes: Sequence[Axis], combined: Sequence[Levels], alone: str, design: Design) -> list[str]:
    """What the cells are called, each good for a folder and unlike the others.

    In a grid, "pool=avg,head=mlp"; one at a time, "base", and "pool=avg" for the cell that differs from it in this.
    """
    keys = _labels([axis.key for axis in axes])
    words = {axis.key: _told([_word(level) for level in axis.levels]) for axis in axes}
    told = {axis.key: dict(zip(map(level_key, axis.levels), words[axis.key], strict=True)) for axis in axes}
    firsts = {axis.key: level_key(axis.levels[0]) for axis in axes}
    names = []
    for number, levels in enumerate(combined):
        each = {key: level_key(level) for key, level in levels.items()}
        shown = [key for key in each if design == "grid" or each[key] != firsts[key]]
        name = ",".join(f"{keys[key]}={told[key][each[key]]}" for key in shown) or ("base" if axes else alone)
        names.append(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 8]}~{number}")
    return names


def _labels(keys: Sequence[str]) -> dict[str, str]:
    """The shortest ends of keys that tell them apart; a part's `use` is called as its kind."""
    paths = {key: [_word(name) for name in key_path(key)] for key in keys}
    ends = {key: path[:-1] if len(path) > 1 and path[-1] == "use" else path for key, path in paths.items()}
    for length in range(1, 64):
        labels = {key: ".".join(end[-length:]) for key, end in ends.items()}
        if len(set(labels.values())) == len(keys):
            return labels
    return {key: f"{number}.{'.'.join(ends[key])}" for number, key in enumerate(keys)}


def _told(words: Sequence[str]) -> list[str]:
    """Words made unlike each other."""
    if len({word.casefold() for word in words}) == len(words):  # some file systems do not tell a from A
        return [*words]
    return [f"{word}~{number}" for number, word in enumerate(words)]


def _word(level: Any) -> str:
    """A level in characters that any file system takes, and that neither separate cells' levels nor hide a file."""
    text = level if isinstance(level, str) else re.sub(r"\buse = ", "", to_toml(level))
    return clip(re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-."), _LEVEL).replace(" ...", "~") or "-"
