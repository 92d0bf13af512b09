"""How an evaluation's outcome is printed."""

from pathlib import Path

import click

from bczoo.engine.evaluate import Report


def print_report(report: Report, folder: Path) -> None:
    """The rate first, then what it means and where the details are."""
    low, high = report.interval
    click.echo(
        click.style(f"success {report.success_rate:.1%}", bold=True)
        + f" of {report.episodes} held-out starts (95 % interval {low:.1%} to {high:.1%})"
    )
    median = "-" if report.median_steps is None else f"{report.median_steps:g}"
    click.echo(f"rule: {report.success_rule}; median steps of successes: {median}")
    click.echo(f"files: {folder}")
