"""How an evaluation's outcome is printed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bczoo.engine.discordant import discordant
from bczoo.engine.evaluate import Report

if TYPE_CHECKING:
    from bczoo.engine.during import During


def print_report(report: Report, folder: Path) -> None:
    """The rate first, then what it means, how it holds under shifts, and where the details are."""
    click.echo(
        click.style(f"success {report.success_rate:.1%}", bold=True)
        + f" of {report.episodes} held-out starts ({_interval(report)})"
    )
    median = "-" if report.median_steps is None else f"{report.median_steps:g}"
    click.echo(f"rule: {report.success_rule}; median steps of successes: {median}")
    for shifted in report.shifted:
        won, lost = discordant(report.table, shifted.table)
        click.echo(
            f"shift {shifted.shift}: success {shifted.success_rate:.1%} ({_interval(shifted)}); "
            f"of the same starts, {lost} lost and {won} won by it"
        )
    click.echo(f"files: {folder}")


def print_during(during: "During") -> None:
    """How training's own rollouts went, apart from the evaluation: those starts are others, and fewer."""
    click.echo(
        f"during training, {during.rollouts} times {during.episodes} other starts: "
        f"success max {during.success_max:.1%}, mean of the last {during.last} {during.success_mean_last:.1%}"
    )


def _interval(report: Report) -> str:
    low, high = report.interval
    return f"95 % interval {low:.1%} to {high:.1%}"
