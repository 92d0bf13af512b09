"""bczoo compare: do evaluated runs differ?"""

from pathlib import Path

import click


@click.command("compare")
@click.argument("runs", metavar="BASELINE RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="print everything as JSON, for scripts")
def command(runs: tuple[Path, ...], as_json: bool) -> None:
    """Say whether evaluated runs differ from the first of them, BASELINE, start by start.

    Each is the folder of a finished run, runs/NAME, or of an evaluation, evals/NAME. Success is compared by McNemar's
    exact test, steps and returns by resampling; then come the keys in which the specs differ.
    """
    import json

    from bczoo.cli.contrasts import print_comparison
    from bczoo.engine.compare import compare

    found = compare(runs)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print_comparison(found)
