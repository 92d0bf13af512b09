"""Plain tables: no dependency that would slow down the listing commands."""

import shutil
import textwrap
from collections.abc import Sequence

import click


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print rows in columns; the last column is wrapped to the terminal, columns in `right` are right-aligned."""
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    indent = sum(widths[:-1]) + 2 * (len(widths) - 1)
    room = max(24, shutil.get_terminal_size((120, 24)).columns - indent)
    lines = []
    for number, row in enumerate(cells):
        lead = "".join(_pad(row[i], widths[i], i in right) + "  " for i in range(len(row) - 1))
        last = row[-1].rjust(widths[-1]) if len(row) - 1 in right else row[-1]
        text = lead + f"\n{' ' * indent}".join(_wrap(last, room))
        lines.append(click.style(text, bold=True) if number == 0 else text)
    click.echo("\n".join(lines))  # at once: each echo flushes


def _wrap(text: str, room: int) -> list[str]:
    if len(text) <= room and text.isprintable():
        return [text]  # most do, and textwrap takes its time to find out
    return textwrap.wrap(text, room) or [""]


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
