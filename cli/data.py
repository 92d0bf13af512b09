"""bczoo data: look at demonstrations."""

from pathlib import Path

import click


@click.group("data")
def command() -> None:
    """Look at demonstrations."""


@command.command("info")
@click.argument("folder", type=click.Path(path_type=Path))
def info(folder: Path) -> None:
    """Say what is in FOLDER, and whether every file is whole and unaltered."""
    from bczoo.cli.inventory import print_demos

    print_demos(folder)
