"""bczoo train: from a spec to a judged policy."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from bczoo.cli import options

if TYPE_CHECKING:
    from bczoo.engine.experiment import Result


@click.command("train")
@click.option("--spec", metavar="FILE|RECIPE", help="a spec file, or the name of a recipe (bczoo recipes)")
@options.overrides
# torchrun takes --run, wherever it stands, for a misspelt option of its own.
@click.option(
    "--run",
    "--run-name",
    "run",
    metavar="NAME",
    help="name of the folder under runs/; default: spec name and time; under torchrun, write --run-name",
)
@click.option("--resume", metavar="FOLDER", help="go on with the interrupted run in this folder, e.g. runs/NAME")
@options.quiet
def command(spec: str | None, overrides: Sequence[str], run: str | None, resume: str | None, quiet: bool) -> None:
    """Train the policy a spec describes, then evaluate it; everything goes to runs/NAME.

    Demonstrations that are not there are collected first. Ctrl-C and SIGTERM end the run after the present step, with
    its state saved (exit code 130 or 143); --resume goes on from there, as it does after a crash.
    """
    if resume is not None and (spec or overrides or run):
        raise click.UsageError("--resume goes on with the run's own spec; leave --spec, --set and --run out")
    if resume is None and spec is None:
        raise click.UsageError("say what to train with --spec FILE|RECIPE, or go on with a run with --resume FOLDER")
    start = _resumed(resume, quiet) if resume is not None else _begun(str(spec), overrides, run, quiet)

    from bczoo.cli.verdict import print_during, print_report

    result = start()
    if result.during:
        print_during(result.during)
    if result.report:
        print_report(result.report, result.folder)


def _begun(spec: str, overrides: Sequence[str], run: str | None, quiet: bool) -> Callable[[], "Result"]:
    """Training from the start; a wrong spec is reported before torch is imported."""
    from bczoo.specfile import load_spec

    loaded = load_spec(spec, overrides)

    from bczoo.engine.console import show_log
    from bczoo.engine.experiment import train

    show_log()
    return lambda: train(loaded, run=run, show=not quiet)


def _resumed(folder: str, quiet: bool) -> Callable[[], "Result"]:
    from bczoo.engine.console import show_log
    from bczoo.engine.experiment import resume

    show_log()
    return lambda: resume(folder, show=not quiet)
