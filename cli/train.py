"""bczoo train: from a spec to a judged policy."""

from collections.abc import Sequence

import click

from bczoo.cli import options


@click.command("train")
@options.spec
@options.overrides
@click.option("--run", metavar="NAME", help="name of the folder under runs/; default: spec name and time")
@options.quiet
def command(spec: str, overrides: Sequence[str], run: str | None, quiet: bool) -> None:
    """Train the policy a spec describes, then evaluate it; everything goes to runs/NAME.

    Demonstrations that are not there are collected first.
    """
    from bczoo.specfile import load_spec

    loaded = load_spec(spec, overrides)

    from bczoo.cli.verdict import print_report
    from bczoo.engine.console import show_log
    from bczoo.engine.experiment import train

    show_log()
    result = train(loaded, run=run, show=not quiet)
    if result.report:
        print_report(result.report, result.folder)
