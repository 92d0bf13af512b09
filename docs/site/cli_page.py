"""The command line reference, made of what click knows of it."""

from collections.abc import Iterable, Iterator
from inspect import cleandoc

import click
from tables import block, code, prose, table

from bczoo.cli.app import app
from bczoo.commands import OWN_COMMANDS


def cli_page() -> str:
    """Every command of bczoo's own, in the order in which people meet them."""
    context = click.Context(app, info_name="bczoo")
    introduction = f"# Command line\n\n{app.help} Every command takes `--help`.\n\n{app.epilog}\n"
    return "\n".join([introduction, _options(app, context), *_below(app, OWN_COMMANDS, context, 2)])


def _below(group: click.Group, names: Iterable[str], context: click.Context, level: int) -> Iterator[str]:
    for name in names:
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        own = click.Context(command, info_name=name, parent=context)
        yield _command(command, own, level)
        if isinstance(command, click.Group):
            yield from _below(command, command.list_commands(own), own, level + 1)


def _command(command: click.Command, context: click.Context, level: int) -> str:
    usage = command.get_usage(context).removeprefix("Usage: ")
    heading = f"{'#' * level} {context.command_path}\n"
    return "\n".join([heading, block("text", usage), f"{cleandoc(command.help or '')}\n", _options(command, context)])


def _options(command: click.Command, context: click.Context) -> str:
    """The options as a table; arguments are explained in the text, and every command has --help."""
    options = [option for option in command.params if isinstance(option, click.Option)]
    records = [option.get_help_record(context) for option in options]
    rows = [(code(record[0]), prose(record[1])) for record in records if record]
    return table(("option", "what it does"), rows) if rows else ""
