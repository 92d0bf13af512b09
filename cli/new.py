"""bczoo new: beginnings of one's own."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bczoo.cli import options
from bczoo.kinds import KINDS


@click.group("new")
def command() -> None:
    """Begin a plugin or a spec of your own."""


@command.command("plugin")
@click.argument("name")
@click.option("--kind", required=True, type=options.Kind(), help="what the part is; bczoo list names the kinds")
@click.option(
    "--into",
    default=".",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="where the new folder is made; default: here",
)
def plugin(name: str, kind: str, into: Path) -> None:
    """Write a Python package with one working part.

    It is complete, in the new folder NAME: it installs, passes its tests and trains as it is, and the commands for that
    are printed. NAME is a package's name, with or without "bczoo-"; of bczoo-two-eyes, specs call the part two_eyes.
    """
    from bczoo.scaffold.plugin import new_plugin

    made = new_plugin(name, kind, into)
    click.echo(f"written: {made.folder}\n\nnext, install it, test it, and train two steps with it:")
    for line in made.commands:
        click.echo(f"  {line}")


def _parts(function: Any) -> Any:
    """One option for each kind of part; that a spec takes only one of most kinds is said where it is known."""
    for kind in reversed(KINDS):
        help = f"bczoo list {kind} shows what there is"
        function = click.option(f"--{kind}", kind, metavar="NAME", multiple=True, help=help)(function)
    return function


@command.command("spec")
@click.option("--to", metavar="FILE", type=click.Path(path_type=Path), help="file to write; default: standard output")
@_parts
@options.overrides
def spec(to: Path | None, overrides: Sequence[str], **parts: Sequence[str]) -> None:
    """Write a spec of chosen parts, every option explained.

    What you do not choose is as in the recipe bc_cnn. It has been checked, as by bczoo check. --augmentation and
    --callback may be given often.
    """
    from bczoo.scaffold.newspec import new_spec

    text = new_spec(parts, overrides, to)
    if to is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"written: {to}; train it with: bczoo train --spec {shlex.quote(str(to))}")
