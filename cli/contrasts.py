"""How a comparison of runs is printed."""

from typing import Any

import click

from bczoo.cli.table import print_table
from bczoo.describe import said
from bczoo.engine.comparison import Comparison, Contrast, Outcome, said_between, said_p, said_points
from bczoo.engine.spec_changes import Change
from bczoo.errors import clip, printable

_WIDEST = 60  # characters of a name or a value in a table


def print_comparison(comparison: Comparison) -> None:
    """The figures, what differs between the specs, and what it all means."""
    click.echo(f"{comparison.starts} starts in common; rule: {printable(comparison.success_rule)}\n")
    baseline, *others = comparison.outcomes
    beside = list(zip(others, comparison.contrasts, strict=True))
    p = "p" if len(beside) == 1 else "p (Holm)"
    print_table(
        ("run", "success", "95 % interval", "difference", "95 % interval", "won : lost", p),
        [(*_success(baseline), "", "", "", ""), *((*_success(run), *_success_beside(found)) for run, found in beside)],
        right=(1, 2, 3, 4, 5, 6),
    )
    click.echo()
    print_table(
        ("run", "steps", "difference", "95 % interval", "return", "difference", "95 % interval"),
        [_effort(baseline, None), *(_effort(run, found) for run, found in beside)],
        right=(1, 2, 3, 4, 5, 6),
    )
    for contrast in comparison.contrasts:
        click.echo()
        _print_changes(baseline.name, contrast)
    click.echo()
    for sentence in comparison.verdicts:
        click.secho(printable(sentence), bold=True)
    for sentence in comparison.notes:
        click.echo(f"note: {printable(sentence)}")


def _success(run: Outcome) -> tuple[str, ...]:
    return _name(run.name), f"{run.success_rate:.1%}", said_between(run.interval, "{:.1%}".format)


def _success_beside(found: Contrast) -> tuple[str, ...]:
    interval = said_between(found.success.interval, said_points)
    return said_points(found.success.value), interval, f"{found.won} : {found.lost}", said_p(found.corrected_p)


def _effort(run: Outcome, found: Contrast | None) -> tuple[str, ...]:
    steps = "-" if run.median_steps is None else f"{run.median_steps:g}"
    if found is None:
        return _name(run.name), steps, "", "", f"{run.mean_return:.4g}", "", ""
    differences = [
        ("-" if some.value is None else _signed(some.value), said_between(some.interval, _signed))
        for some in (found.steps, found.episode_return)
    ]
    return _name(run.name), steps, *differences[0], f"{run.mean_return:.4g}", *differences[1]


def _signed(value: float) -> str:
    return f"{value:+.3g}"


def _print_changes(baseline: str, contrast: Contrast) -> None:
    """Only what differs, so that the reason for a difference is not looked for elsewhere."""
    if contrast.changes is None or contrast.seeds is None:
        click.echo(
            f"How the specs of {_name(baseline)} and {_name(contrast.name)} differ is not known: one is not told."
        )
        return
    if contrast.changes:
        header, *rows = ("spec", baseline, contrast.name), *map(_said, contrast.changes)
        print_table([*map(_name, header)], [[*map(_name, row)] for row in rows])
    else:
        click.echo(f"{_name(contrast.name)} has the spec of {_name(baseline)}{', but for' if contrast.seeds else '.'}")
    if contrast.seeds:
        seeds = (map(_name, _said(change)) for change in contrast.seeds)
        click.echo("seeds: " + ", ".join(f"{key} {before} | {after}" for key, before, after in seeds))


def _name(text: str) -> str:
    """What a folder or a file calls something, on one line; it may be anybody's."""
    return clip(printable(text).replace("\n", " "), _WIDEST)


def _said(change: Change) -> tuple[str, str, str]:
    return change.key, _value(change.baseline), _value(change.run)


def _value(value: Any) -> str:
    return "-" if value is None else said(value)
