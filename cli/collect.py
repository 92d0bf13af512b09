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

    from bczoo.cli.inventory import print_demos
    from bczoo.engine.console import show_log
    from bczoo.engine.demonstrate import collect_for

    show_log()
    print_demos(collect_for(loaded, out=out, workers=workers, show=not quiet))
