"""bczoo sweep: many runs, compared."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from bczoo.cli import options

if TYPE_CHECKING:
    from bczoo.engine.sweep_results import SweepResults


@click.command("sweep")
@click.option(
    "--spec", "specs", multiple=True, metavar="FILE|RECIPE", help="a spec file or a recipe; several are compared"
)
@options.overrides
@click.option(
    "--vary",
    multiple=True,
    metavar="KEY=LEVEL,...",
    help="run every one of these levels, e.g. policy.backbone.pool=avg,spatial_softmax; may be given often",
)
@click.option("--seeds", metavar="N|S,S,...", help="how many seeds, or which, e.g. 0,1,5  [default: 3]")
@click.option(
    "--one-at-a-time", is_flag=True, help="vary one key at a time from the first levels, not all combinations"
)
@click.option("--name", metavar="NAME", help="name of the folder under sweeps/; default: spec name and time")
@click.option("--resume", metavar="FOLDER", help="go on with the sweep in this folder, e.g. sweeps/NAME")
@click.option(
    "--jobs", type=click.IntRange(min=1), help="runs side by side; default: one a GPU, else one a CPU, which they share"
)
@click.option(
    "--ray",
    is_flag=False,
    flag_value="",
    metavar="[ADDRESS]",
    help="run as tasks on Ray: at this address, else on the cluster there is, else on this machine; needs bczoo[ray]",
)
@click.option("--json", "as_json", is_flag=True, help="print the results as JSON, for scripts")
@options.quiet
def command(
    specs: Sequence[str],
    overrides: Sequence[str],
    vary: Sequence[str],
    seeds: str | None,
    one_at_a_time: bool,
    name: str | None,
    resume: str | None,
    jobs: int | None,
    ray: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train and judge specs at all combinations of levels, with several seeds, and rank them.

    Everything goes to sweeps/NAME. Each run is a process of its own: one that fails costs nothing but itself, and then
    the exit code is 1. Ctrl-C and SIGTERM end all runs after their present step, with their states saved; --resume goes
    on from there, as it does after a crash, and tries again what has failed.
    """
    if resume is not None and (specs or overrides or vary or one_at_a_time or (seeds, name) != (None, None)):
        raise click.UsageError(
            "--resume goes on with the sweep's own cells; of the other options only --jobs, --ray, "
            "--json and --quiet go with it"
        )
    if resume is None and not specs:
        raise click.UsageError("say what to run with --spec FILE|RECIPE, or go on with a sweep with --resume FOLDER")
    where = None if ray is None else ray or True
    start: Callable[..., SweepResults]
    if resume is not None:
        start = _resumed(resume)
    else:
        start = _begun(specs, overrides, vary, "3" if seeds is None else seeds, one_at_a_time, name)

    from bczoo.engine.console import show_log

    show_log()
    results = start(jobs=jobs, ray=where, show=not quiet)
    _print(results, as_json)
    if results.count("done") < len(results.runs):
        raise click.exceptions.Exit(1)


def _begun(
    specs: Sequence[str],
    overrides: Sequence[str],
    vary: Sequence[str],
    seeds: str,
    one_at_a_time: bool,
    name: str | None,
) -> "Callable[..., SweepResults]":
    """A new sweep; wrong cells are reported before torch is imported."""
    from functools import partial

    from bczoo.engine.sweep import begin_sweep, plan_sweep
    from bczoo.engine.sweep_levels import read_seeds, read_vary

    levels, chosen = read_vary(vary), read_seeds(seeds)
    plan = plan_sweep(specs, vary=levels, seeds=chosen, overrides=overrides, one_at_a_time=one_at_a_time)
    return partial(begin_sweep, plan, name=name)


def _resumed(folder: str) -> "Callable[..., SweepResults]":
    from functools import partial

    from bczoo.engine.sweep import resume_sweep

    return partial(resume_sweep, folder)


def _print(results: "SweepResults", as_json: bool) -> None:
    import json

    from bczoo.cli.standing import print_sweep

    if as_json:
        click.echo(json.dumps(results.as_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print_sweep(results)
