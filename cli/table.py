"""Plain tables: no dependency that would slow down the listing commands."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

import click


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = (), spare: Sequence[int] = ()
) -> list[str]:
    """Print rows in columns; the last column is wrapped to the terminal, columns in `right` are right-aligned.

    Where a terminal is too narrow, columns in `spare` are left out, the first of them first; their titles are returned.
    """
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    columns = shutil.get_terminal_size((120, 24)).columns
    left_out = _left_out(widths, columns, spare) if sys.stdout.isatty() else []
    *shown, last = (i for i in range(len(header)) if i not in left_out)
    indent = sum(widths[i] + 2 for i in shown)
    room = max(24, columns - indent)
    lines = []
    for number, row in enumerate(cells):
        lead = "".join(_pad(row[i], widths[i], i in right) + "  " for i in shown)
        end = row[last].rjust(widths[last]) if last in right else row[last]
        text = lead + f"\n{' ' * indent}".join(_wrap(end, room))
        lines.append(click.style(text, bold=True) if number == 0 else text)
    click.echo("\n".join(lines))  # at once: each echo flushes
    return [header[i] for i in left_out]


def _left_out(widths: Sequence[int], columns: int, spare: Sequence[int]) -> list[int]:
    """As many of the columns in `spare` as it takes for the others to fit."""
    excess = sum(width + 2 for width in widths) - 2 - columns
    chosen = []
    for i in spare:
        if excess <= 0:
            break
        excess -= widths[i] + 2
        chosen.append(i)
    return sorted(chosen)


def _wrap(text: str, room: int) -> list[str]:
    if len(text) <= room and text.isprintable():
        return [text]  # most do, and textwrap takes its time to find out
    return textwrap.wrap(text, room) or [""]


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
