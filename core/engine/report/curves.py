"""Learning curves: what is drawn of the metrics, and what it says in words."""

from collections.abc import Sequence

import attrs
import numpy as np
from markupsafe import Markup

from bczoo.engine.metrics import number
from bczoo.engine.report.groups import Group
from bczoo.engine.report.plots import SERIES, Line, Panel, draw

MOST = 24  # plots
_PANEL = (3.5, 2.5)  # inches, where each spec has a plot of its own


@attrs.frozen(kw_only=True)
class Figure:
    """A plot and what stands below it."""

    svg: Markup
    caption: str


def draw_curves(groups: Sequence[Group]) -> list[Figure]:
    """Losses, and success in the rollouts during training where there are such; nothing of what has no metrics."""
    told = [group for group in groups if len(_line(group, "val_loss").x)]
    success = [group for group in groups if len(_line(group, "success_rate").x)]
    losses = _overlaid(told, "val_loss", "validation loss") if len(told) <= len(SERIES) else _apart(told)
    return [*losses, *_overlaid(success, "success_rate", "success during training")]


def _overlaid(groups: Sequence[Group], key: str, what: str) -> list[Figure]:
    """All in one plot, or as many as can be told apart; beside a single validation loss that of training."""
    if not groups:
        return []
    shown = groups[: len(SERIES)]
    lines = [_line(group, key) for group in shown]
    training = _line(groups[0], "train_loss", "training") if key == "val_loss" and len(groups) == 1 else None
    if training:
        lines = [attrs.evolve(lines[0], name="validation")]
    dashed = [training] if training and len(training.x) else []
    panel = Panel(
        title=f"{what.capitalize()} over epochs",
        description=" ".join(_in_words(line, low=key == "val_loss") for line in lines),
        ylabel=what if not training else "loss",
        lines=lines,
        dashed=dashed,
        log=key == "val_loss" and _positive([*lines, *dashed]),
    )
    return [Figure(svg=draw(panel, key.replace("_", "-")), caption=_caption(shown, what, len(groups)))]


def _apart(groups: Sequence[Group]) -> list[Figure]:
    """A small plot for each, all with the same axes, and the others behind it."""
    lines = [_line(group, "val_loss") for group in groups[:MOST]]
    log = _positive(lines)
    limits = _limits([value for line in lines for value in (*line.low, *line.high)], log)
    return [
        Figure(
            svg=draw(
                Panel(
                    title=f"Validation loss of {line.name} over epochs",
                    description=_in_words(line, low=True),
                    ylabel="validation loss",
                    lines=[attrs.evolve(line, name="")],
                    behind=[other for other in lines if other is not line],
                    limits=limits,
                    log=log,
                    size=_PANEL,
                ),
                f"curve-{place}",
            ),
            caption=line.name,
        )
        for place, line in enumerate(lines)
    ]


def _limits(values: Sequence[float], log: bool) -> tuple[float, float]:
    """The ends of an axis that has room for all of them."""
    low, high = min(values), max(values)
    if log:
        return low * 0.9, high * 1.1
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room


def _line(group: Group, key: str, name: str = "") -> Line:
    """The mean over the group's runs, at the epochs that any of them has."""
    found: dict[float, list[float]] = {}
    for run in group.runs:
        for row in run.metrics:
            epoch, value = number(row, "epoch"), number(row, key)
            if np.isfinite(epoch) and np.isfinite(value):
                found.setdefault(epoch, []).append(value)
    epochs = sorted(found)
    return Line(
        name=name or group.name,
        x=np.array(epochs),
        mean=np.array([np.mean(found[epoch]) for epoch in epochs]),
        low=np.array([min(found[epoch]) for epoch in epochs]),
        high=np.array([max(found[epoch]) for epoch in epochs]),
    )


def _positive(lines: Sequence[Line]) -> bool:
    return all(line.low.min(initial=1.0) > 0 for line in lines)


def _in_words(line: Line, low: bool) -> str:
    best = int(np.argmin(line.mean) if low else np.argmax(line.mean))
    return (
        f"{line.name}: from {line.mean[0]:.3g} after epoch {line.x[0]:g} to {line.mean[-1]:.3g} after epoch "
        f"{line.x[-1]:g}, {'lowest' if low else 'highest'} {line.mean[best]:.3g} after epoch {line.x[best]:g}."
    )


def _caption(groups: Sequence[Group], what: str, there: int) -> str:
    several = any(len(group.runs) > 1 for group in groups)
    band = ", the mean over seeds; the band reaches from the lowest to the highest of them" if several else ""
    first = f" The first {len(groups)} of {there} are shown." if len(groups) < there else ""
    return f"{what.capitalize()} of each epoch{band}.{first}"
