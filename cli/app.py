"""The group of all commands; each is imported only when it is asked for."""

from importlib import import_module

import click

from bczoo.commands import OWN_COMMANDS, Command
from bczoo.errors import BczooError, raised, suggest


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*OWN_COMMANDS, *_brought()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in OWN_COMMANDS:
            command: click.Command = import_module(f"bczoo.cli.{OWN_COMMANDS[cmd_name]}").command
            return command
        brought = _brought().get(cmd_name)
        return click.Command(brought.name, help=brought.help) if brought else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in OWN_COMMANDS and not args[0].startswith("-"):
            brought = _brought()
            if args[0] in brought:
                return args[0], _load(brought[args[0]]), args[1:]
            raise click.UsageError(f"no command {args[0]!r}; {suggest(args[0], [*OWN_COMMANDS, *brought])}", ctx)
        return super().resolve_command(ctx, args)


def _brought() -> dict[str, Command]:
    """The commands of other distributions; without any, nothing is imported to find that out."""
    from bczoo.installed import others

    if not others():
        return {}
    from bczoo.registry import zoo

    return zoo().commands


def _load(command: Command) -> click.Command:
    module, _, attribute = command.target.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except Exception as error:  # a plugin may fail in any way it likes
        raise BczooError(f"command {command.name!r} cannot be loaded from {command.target}: {raised(error)}") from error
    if not isinstance(found, click.Command):
        raise BczooError(f"command {command.name!r}: {command.target} is no click command")
    return found


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed while running, 2 wrong input, 130 stopped by Ctrl-C, 143 by SIGTERM.",
)
@click.version_option(package_name="bczoo", message="%(package)s %(version)s")
def app() -> None:
    """A zoo of behavioural-cloning policies: any backbone, any temporal module, any head, one trainer."""
