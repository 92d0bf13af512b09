"""How the results of a sweep are printed."""

import click

from bczoo.cli.table import print_table
from bczoo.describe import said
from bczoo.engine.comparison import said_between, said_p, said_points
from bczoo.engine.sweep_board import Place
from bczoo.engine.sweep_effects import Effect
from bczoo.engine.sweep_results import SweepResults
from bczoo.errors import clip, first_of, printable

_WIDEST = 60  # characters of a name or a level in a table


def print_sweep(results: SweepResults) -> None:
    """The leaderboard, the effect of each varied key, what that means, and what failed."""
    seeds = clip(", ".join(map(str, results.plan.seeds)), _WIDEST)
    click.echo(f"success: interquartile mean over seeds, with its 95 % interval over seeds and starts; seeds {seeds}\n")
    left_out = print_table(
        ("rank", "cell", "success", "95 % interval", "each seed", "steps", "minutes", "parameters", "runs"),
        [_place(place) for place in results.leaderboard],
        right=(0, 2, 3, 4, 5, 6, 7),
        spare=_spare(results),
    )
    if results.effects:
        click.echo()
        left_out += print_table(
            ("key", "level", "beside", "difference", "95 % interval", "p (Holm)", "pairs of runs"),
            [_effect(effect) for effect in results.effects],
            right=(3, 4, 5, 6),
            spare=(6, 2, 5, 4),  # the sentences below say the same
        )
        click.echo()
    for effect in results.effects:
        click.secho(printable(effect.verdict), bold=effect.significant)
    failed = [f"{run.name}: {clip(run.error, 200)}" for run in results.runs if run.error is not None]
    for sentence in first_of(failed):
        click.echo(f"failed: {printable(sentence)}")
    for sentence in results.notes:
        click.echo(f"note: {printable(sentence)}")
    if left_out:
        click.echo(f"note: the terminal is too narrow for {', '.join(left_out)}; --json tells them")
    click.echo(f"files: {results.folder}")


def _spare(results: SweepResults) -> list[int]:
    """The columns of the leaderboard that are missed least; what says that runs are not done is not one of them."""
    done = results.count("done") == len(results.runs)
    alone = len(results.plan.seeds) == 1  # a seed's rate is then the cell's
    return [*([8] if done else []), *([4] if alone else []), 7, 6, 5, *([] if alone else [4])]


def _place(place: Place) -> tuple[str, ...]:
    rates = " ".join("-" if rate is None else f"{100 * rate:.0f}" for rate in place.rates.values())
    return (
        "-" if place.rank is None else str(place.rank),
        _short(place.cell),
        "-" if place.success_rate is None else f"{place.success_rate:.1%}",
        said_between(place.interval, "{:.1%}".format),
        rates,
        "-" if place.median_steps is None else f"{place.median_steps:g}",
        "-" if place.minutes is None else f"{place.minutes:.1f}",
        "-" if place.parameters is None else f"{place.parameters:,}",
        _runs(place),
    )


def _runs(place: Place) -> str:
    left = [f"{count} {what}" for count, what in ((place.failed, "failed"), (place.waiting, "waiting")) if count]
    return ", ".join([f"{place.done} done", *left])


def _effect(effect: Effect) -> tuple[str, ...]:
    return (
        _short(effect.key),
        _short(said(effect.level)),
        _short(said(effect.baseline)),
        "-" if effect.difference is None else said_points(effect.difference),
        said_between(effect.interval, said_points),
        "-" if effect.corrected_p is None else said_p(effect.corrected_p),
        str(effect.pairs),
    )


def _short(text: str) -> str:
    return clip(printable(text).replace("\n", " "), _WIDEST)
