"""The command line: one small file a command, no logic that the Python API lacks."""

import sys

import bczoo

if bczoo.__file__ is None:  # a folder called bczoo was found instead of the installed package
    raise SystemExit(
        f"error: Python took the folder {next(iter(bczoo.__path__))} for the package bczoo; "
        "start it from another folder, or install bczoo without -e"
    )

from bczoo.cli.app import app
from bczoo.errors import BczooError

INTERRUPTED = 130


def main() -> None:
    """Run the command line; mistakes become one line each on standard error and exit code 1 or 2."""
    try:
        code = app(prog_name="bczoo", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except Exception as error:
        sys.exit(_complain(error))
    except KeyboardInterrupt:
        print("interrupted; files that were complete are intact", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _complain(error: Exception) -> int:
    import click

    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        print("interrupted; files that were complete are intact", file=sys.stderr)
        return INTERRUPTED
    if isinstance(error, BczooError):
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        return error.exit_code
    raise error
