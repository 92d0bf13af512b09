"""How a folder of demonstrations is shown."""

from pathlib import Path

import click

from bczoo.engine.data_info import inspect
from bczoo.errors import BczooError


def print_demos(folder: Path) -> None:
    """What is in it; then raises BczooError with a line for every file that is damaged."""
    table, mistakes = inspect(folder)
    click.echo(table)
    if mistakes:
        raise BczooError("\n".join(mistakes))
