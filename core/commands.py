"""The commands of the command line: bczoo's own, and what plugins bring."""

from typing import Final, NamedTuple

# name -> module of bczoo.cli, in the order people meet them
OWN_COMMANDS: Final = {
    "list": "list_parts",
    "show": "show",
    "recipes": "recipes",
    "new": "new",
    "schema": "schema",
    "check": "check",
    "collect": "collect",
    "data": "data",
    "train": "train",
    "sweep": "sweep",
    "eval": "evaluate",
    "compare": "compare",
    "replay": "replay",
    "report": "report",
    "export": "export",
    "doctor": "doctor",
}


class Command(NamedTuple):
    """`bczoo NAME`: `target` is "package.module:attribute", a click command that is imported when it is called.

    `help` is the line that `bczoo --help` shows, without importing the command.
    """

    name: str
    help: str
    target: str
