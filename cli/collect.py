"""bczoo collect: demonstrations by the env's expert."""

from collections.abc import Sequence
from pathlib import Path

import click

from bczoo.cli import options


@click.command("collect")
@options.spec
@options.overrides
@click.option("--out", type=click.Path(path_type=Path), help="folder to write; default: the one the spec will look in")
@click.option("--workers", type=click.IntRange(min=1), help="parallel processes; default: one a core")
@options.quiet
def command(spec: str, overrides: Sequence[str], out: Path | None, workers: int | None, quiet: bool) -> None:
    """Collect the demonstrations that a spec's env and data tables ask for.

    Run it again after an interruption: it goes on where it stopped, and the result is the same to the bit.
    """
    from bczoo.specfile import load_spec

    loaded = load_spec(spec, overrides)

    from bczoo.engine.console import show_log
    from bczoo.engine.data_info import inspect
    from bczoo.engine.demo_format import default_folder
    from bczoo.engine.demonstrate import collect_with_bar, request_of

    show_log()
    request = request_of(loaded.env, loaded.data)
    folder = out or (Path(loaded.data.path) if loaded.data.path else default_folder(request))
    collect_with_bar(request, folder, workers=workers, show=not quiet)
    click.echo(inspect(folder)[0])
