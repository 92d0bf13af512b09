"""Tables of the page, as the template shows them."""

from collections.abc import Sequence

import attrs


@attrs.frozen(kw_only=True)
class Bar:
    """A share with its interval, drawn beside the figures; all from 0 to 1. `mark` is where a vertical line stands."""

    low: float
    value: float
    high: float
    mark: float | None = None


@attrs.frozen
class Cell:
    """What a cell says. It is sorted by `sort`, by its text where there is none; `look` is a class of the style."""

    text: str
    sort: float | None = None
    look: str = ""
    bar: Bar | None = None


@attrs.frozen
class Column:
    """A column; figures stand to the right, the `header` names the row, and `meaning` explains a title."""

    title: str
    numeric: bool = False
    header: bool = False
    meaning: str = ""


@attrs.frozen(kw_only=True)
class Table:
    """A table with a caption; readers may sort it, and where it is `filtered` look for rows."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    filtered: bool = False


def without_empty(table: Table) -> Table:
    """The table without columns in which nothing is said."""
    kept = [
        i for i in range(len(table.columns)) if any(row[i].bar or row[i].text not in ("", "-") for row in table.rows)
    ]
    return attrs.evolve(
        table, columns=[table.columns[i] for i in kept], rows=[[row[i] for i in kept] for row in table.rows]
    )
