"""The group of all commands; each is imported only when it is asked for."""

from importlib import import_module

import click

from bczoo.errors import suggest

# name -> module of bczoo.cli, in the order people meet them
COMMANDS = {
    "list": "list_parts",
    "show": "show",
    "recipes": "recipes",
    "check": "check",
    "collect": "collect",
    "data": "data",
    "train": "train",
    "eval": "evaluate",
    "export": "export",
    "doctor": "doctor",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"bczoo.cli.{COMMANDS[cmd_name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}; {suggest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed while running, 2 wrong input, 130 interrupted.",
)
@click.version_option(package_name="bczoo", message="%(package)s %(version)s")
def app() -> None:
    """A zoo of behavioural-cloning policies: any backbone, any temporal module, any head, one trainer."""
