"""What the results come from: how the specs differ, versions, devices, and the commands that make them again."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import tomli_w

from bczoo.engine.report.groups import Group
from bczoo.engine.report.sources import Source
from bczoo.engine.report.tables import Cell, Column, Table
from bczoo.engine.report.words import command_of
from bczoo.engine.spec_changes import changes
from bczoo.errors import clip

_WIDEST = 80  # characters of a value in a table


@attrs.frozen(kw_only=True)
class Recipe:
    """How a group is made again: the spec of its first run, and a command for each."""

    name: str
    spec: str
    commands: list[str]


def spec_differences(groups: Sequence[Group]) -> Table | None:
    """The keys in which the specs differ, a row for each spec; None where they do not."""
    known = [group for group in groups if group.spec]
    found: dict[int, dict[str, Any]] = {}
    first: dict[str, Any] = {}
    for group in known[1:]:
        for change in changes(known[0].spec or {}, group.spec or {}):
            if not change.is_seed:
                first[change.key] = change.baseline
                found.setdefault(id(group), {})[change.key] = change.run
    if not first:
        return None
    rows = [
        [Cell(group.name), *(_value(found.get(id(group), {}), key, value) for key, value in first.items())]
        for group in known
    ]
    return Table(
        caption=f"Keys in which the specs differ; what differs from {known[0].name} is bold and has a mark",
        columns=[Column("spec", header=True), *(Column(key) for key in first)],
        rows=rows,
        filtered=len(rows) > 6,
    )


def _value(of_group: dict[str, Any], key: str, baseline: Any) -> Cell:
    if key in of_group:
        return Cell(f"≠ {said(of_group[key])}", look="strong")
    return Cell(said(baseline))


def said(value: Any) -> str:
    """A value of a spec, on one line."""
    text = "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clip(text.replace("\n", " "), _WIDEST)


def versions(sources: Sequence[Source]) -> Table | None:
    """What the runs were made with and on; values that are not the same in all of them stand side by side."""
    found: dict[str, dict[str, list[str]]] = {}
    for source in sources:
        for key, value in _leaves(source.versions):
            found.setdefault(key, {}).setdefault(said(value), []).append(source.name)
    if not found:
        return None
    return Table(
        caption="Versions, devices and data of the runs",
        columns=[Column("what", header=True), Column("value")],
        rows=[[Cell(clip(key, _WIDEST)), _values(values)] for key, values in found.items()],
    )


def _values(values: dict[str, list[str]]) -> Cell:
    if len(values) == 1:
        return Cell(next(iter(values)))
    return Cell("; ".join(f"{value} ({_who(names)})" for value, names in values.items()))


def _who(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} runs"


def _leaves(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{key}: " if key != "versions" else "")
        else:
            yield f"{above}{key}", value


def recipes(groups: Sequence[Group]) -> list[Recipe]:
    """How each group is made again."""
    return [
        Recipe(
            name=group.name,
            spec=as_toml(group.spec) if group.spec else "",
            commands=[command_of(run) for run in group.runs],
        )
        for group in groups
    ]


def as_toml(spec: dict[str, Any]) -> str:
    """A spec as its file has it."""
    return tomli_w.dumps(_without_none(spec))


def _without_none(value: Any) -> Any:
    """What TOML can say of JSON values."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value if item is not None]
    return value
