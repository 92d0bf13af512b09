"""Options as a table: those of a part, or the keys of one of a spec's own tables."""

from typing import Any, NamedTuple

import attrs
from bounds import bounds_of
from tables import code, prose, table
from titles import TITLES

from bczoo.describe import Option, options_of


class Row(NamedTuple):
    """One option, each cell as Markdown."""

    key: str
    type: str
    default: str
    allowed: str
    what_it_does: str


def options_table(cls: type) -> str:
    """Every option of an attrs class, in order of declaration, a row each; a column that is empty is left out."""
    pairs = zip(options_of(cls), attrs.fields(cls), strict=True)
    header = Row(*(name.replace("_", " ") for name in Row._fields))
    rows = [_row(option, field) for option, field in pairs]
    filled = [column for column in zip(header, *rows, strict=True) if any(column[1:])]
    header_cells, *body = zip(*filled, strict=True)
    return table(header_cells, body)


def _row(option: Option, field: "attrs.Attribute[Any]") -> Row:
    row = Row(
        key=code(option.name),
        type=code(option.type),
        default=code(option.default),
        allowed=code(bounds_of(field)),
        what_it_does=prose(option.help),
    )
    if attrs.has(field.type):
        return row._replace(type="table", default="" if option.default != "required" else row.default)
    if kind := field.metadata.get("part"):
        return _part(row, kind, field)
    return row


def _part(row: Row, kind: str, field: "attrs.Attribute[Any]") -> Row:
    """A key whose value is a part, or a list of them: a link to what there is, and the name of the default."""
    many = "list of " if field.type != Any else ""
    default = code(f'"{field.metadata["use"]}"') if field.metadata.get("use") else row.default
    return row._replace(type=f"{many}[{TITLES[kind].lower()}]({kind}.md)", default=default)
