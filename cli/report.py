"""bczoo report: what runs came to, as one HTML page."""

from pathlib import Path

import click


@click.command("report")
@click.argument("folders", metavar="RUN|SWEEP...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--to",
    metavar="FILE",
    default="report.html",
    show_default=True,
    type=click.Path(path_type=Path),
    help="page to write",
)
def command(folders: tuple[Path, ...], to: Path) -> None:
    """Write one HTML page on evaluated runs, for people: to be opened anywhere, without network or server.

    Each is the folder of a run, runs/NAME, of an evaluation, evals/NAME, or of a sweep, sweeps/NAME. The others are
    compared with the first. Runs that are not finished are shown as such.
    """
    from bczoo.engine.report.build import report
    from bczoo.errors import printable

    written = report(folders, to)
    for sentence in written.result:
        click.secho(printable(sentence), bold=True)
    for sentence in written.notes:
        click.echo(f"note: {printable(sentence)}")
    click.echo(f"file: {written.path} ({written.path.stat().st_size / 1e6:.1f} MB)")
