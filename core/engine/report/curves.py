"""Learning curves: what is drawn of the metrics, and what it says in words."""

from collections.abc import Sequence

import attrs
import numpy as np
from markupsafe import Markup

from bczoo.engine.metrics import number
from bczoo.engine.report.groups import Group
from bczoo.engine.report.plots import SERIES, Line, Panel, draw

_PANEL = (3.5, 2.5)  # inches, where each spec has a plot of its own


@attrs.frozen(kw_only=True)
class Figure:
    """A plot and what stands below it."""

    svg: Markup
    caption: str


def draw_curves(groups: Sequence[Group]) -> list[Figure]:
    """Losses, and success in the rollouts during training where there are such; nothing of what has no metrics."""
    told = [group for group in groups if any(run.metrics for run in group.runs)]
    if not told:
        return []
    losses = _overlaid(told, "val_loss", "validation loss", True) if len(told) <= len(SERIES) else _apart(told)
    success = [group for group in told if len(_line(group, "success_rate").x)]
    rates = _overlaid(success[: len(SERIES)], "success_rate", "success during training", False) if success else []
    return [*losses, *rates]


def _overlaid(groups: Sequence[Group], key: str, what: str, log: bool) -> list[Figure]:
    lines = [attrs.evolve(_line(group, key), name=group.name) for group in groups]
    lines = [line for line in lines if len(line.x)]
    if not lines:
        return []
    dashed = [attrs.evolve(_line(groups[0], "train_loss"), name="training")] if log and len(groups) == 1 else []
    if dashed:
        lines = [attrs.evolve(lines[0], name="validation")]
    panel = Panel(
        title=f"{what.capitalize()} over epochs",
        description=" ".join(map(_in_words, lines)),
        ylabel=what if not dashed else "loss",
        lines=lines,
        dashed=[line for line in dashed if len(line.x)],
        log=log and _positive([*lines, *dashed]),
    )
    return [Figure(svg=draw(panel, key.replace("_", "-")), caption=_caption(groups, what))]


def _apart(groups: Sequence[Group]) -> list[Figure]:
    """A small plot for each, all with the same axes, and the others behind it."""
    lines = [_line(group, "val_loss") for group in groups]
    ends = [value for line in lines for value in (*line.low, *line.high)]
    limits = (min(ends) * 0.9, max(ends) * 1.1) if ends else None
    return [
        Figure(
            svg=draw(
                Panel(
                    title=f"Validation loss of {group.name} over epochs",
                    description=_in_words(line),
                    ylabel="validation loss",
                    lines=[attrs.evolve(line, name="")],
                    behind=[other for other in lines if other is not line],
                    limits=limits,
                    log=_positive(lines),
                    size=_PANEL,
                ),
                f"curve-{place}",
            ),
            caption=group.name,
        )
        for place, (group, line) in enumerate(zip(groups, lines, strict=True))
        if len(line.x)
    ]


def _line(group: Group, key: str) -> Line:
    """The mean over the group's runs, at the epochs that any of them has."""
    found: dict[float, list[float]] = {}
    for run in group.runs:
        for row in run.metrics:
            epoch, value = number(row, "epoch"), number(row, key)
            if np.isfinite(epoch) and np.isfinite(value):
                found.setdefault(epoch, []).append(value)
    epochs = sorted(found)
    return Line(
        name=group.name,
        x=np.array(epochs),
        mean=np.array([np.mean(found[epoch]) for epoch in epochs]),
        low=np.array([min(found[epoch]) for epoch in epochs]),
        high=np.array([max(found[epoch]) for epoch in epochs]),
    )


def _positive(lines: Sequence[Line]) -> bool:
    return all(line.low.min(initial=1.0) > 0 for line in lines)


def _in_words(line: Line) -> str:
    best = int(np.argmin(line.mean))
    return (
        f"{line.name}: from {line.mean[0]:.3g} after epoch {line.x[0]:g} to {line.mean[-1]:.3g} after epoch "
        f"{line.x[-1]:g}, lowest {line.mean[best]:.3g} after epoch {line.x[best]:g}."
    )


def _caption(groups: Sequence[Group], what: str) -> str:
    several = any(len(group.runs) > 1 for group in groups)
    band = ", the mean over seeds; the band reaches from the lowest to the highest of them" if several else ""
    return f"{what.capitalize()} of each epoch{band}."
