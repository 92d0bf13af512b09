"""The plots of ZOO.md, readable on light and on dark pages."""

import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from bczoo.files import write_text
from zoo import plan
from zoo.answers import Answer, answers
from zoo.measures import rate
from zoo.record import Record, cell_of, runs_of, successes

# Drawn with the first, and shown as the second where the reader's system is dark. A picture brings its own ground: a
# page may be dark where the system is light.
_INK, _PAPER, _MARK, _FAINT = "#1f2328", "#ffffff", "#2b6cb0", "#8a9099"
_DARK: Final = {_INK: "#e6edf3", _PAPER: "#161b22", _MARK: "#79b8ff", _FAINT: "#8b949e"}


def write_plots(records: dict[str, Record], folder: Path) -> None:
    """Write both plots into `folder`."""
    for name, plot in plots(records).items():
        _write(folder / f"{name}.svg", *plot)


def plots(records: dict[str, Record]) -> dict[str, tuple[Figure, str, str]]:
    """Each plot with its title and what it says in words."""
    return {"zoo_recipes": _recipes(records["recipes"]), "zoo_parts": _parts(answers(records))}


def _recipes(record: Record) -> tuple[Figure, str, str]:
    """Each recipe's seeds as dots, and their interquartile mean with its interval."""
    runs = {name: runs_of(record, cell_of(record, "spec", name)) for name in reversed(plan.RECIPES)}
    rates = {name: rate(successes(some)) for name, some in runs.items() if len(some) == record["seeds"]}
    figure, axes = _figure(len(rates), "success, % of starts (rings: seeds; mark: their interquartile mean)")
    for row, found in enumerate(rates.values()):
        low, high = found.interval
        axes.plot([100 * low, 100 * high], [row, row], color=_MARK, lw=5, alpha=0.45, solid_capstyle="butt")
        axes.plot([100 * seed for seed in found.seeds], [row] * len(found.seeds), "o", mfc="none", mec=_INK, ms=5)
        axes.plot(100 * found.value, row, "|", color=_MARK, ms=15, mew=2.5)
        _value(axes, row, f"{100 * found.value:.1f} %")
    axes.set_yticks(range(len(rates)), list(rates))
    axes.set_xlim(-2, 102)
    told = ", ".join(f"{name} {100 * found.value:.1f} %" for name, found in reversed(rates.items()))
    return figure, "Success of each trained recipe", f"Interquartile mean, 95 % interval and each seed: {told}"


def _parts(asked: list[Answer]) -> tuple[Figure, str, str]:
    """Every difference with its interval; filled where it is significant."""
    rows = [
        (f"{found.level.name} vs {answer.found[0].level.name}", found.apart)
        for answer in reversed(asked)
        for found in reversed(answer.found)
        if found.apart
    ]
    figure, axes = _figure(len(rows), "difference in success, percentage points (filled: significant)")
    axes.axvline(0, color=_FAINT, lw=1)
    for row, (_, apart) in enumerate(rows):
        low, high = apart.interval
        axes.plot([100 * low, 100 * high], [row, row], color=_MARK, lw=2)
        axes.plot(100 * apart.value, row, "o", mec=_MARK, mfc=_MARK if apart.significant else _PAPER, mew=2, ms=7)
        _value(axes, row, f"{100 * apart.value:+.1f}")
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    told = ", ".join(f"{name} {100 * apart.value:+.1f}" for name, apart in reversed(rows))
    return figure, "What each variant changes", f"Points with 95 % intervals; filled points are significant: {told}"


def _figure(rows: int, label: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7.2, 0.9 + 0.36 * max(1, rows)), layout="constrained", facecolor=_PAPER)
    axes = figure.add_subplot(facecolor=_PAPER)
    axes.set_xlabel(label, color=_INK)
    axes.tick_params(colors=_INK, left=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    axes.set_ylim(-0.6, max(1, rows) - 0.4)
    axes.grid(axis="x", color=_FAINT, alpha=0.25)
    return figure, axes


def _value(axes: Any, row: int, text: str) -> None:
    """A figure at the right end of its row."""
    axes.text(1.02, row, text, transform=axes.get_yaxis_transform(), va="center", color=_INK)


def _write(path: Path, figure: Figure, title: str, description: str) -> None:
    file = StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": path.stem}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    for number, colour in enumerate(_DARK):
        text = text.replace(colour, f"var(--c{number})")
    light, dark = (_variables(colours) for colours in (_DARK.keys(), _DARK.values()))
    told = (
        f"<title>{title}</title>\n<desc>{description}</desc>\n"
        f"<style>svg {{{light}}} @media (prefers-color-scheme: dark) {{ svg {{{dark}}} }}</style>"
    )
    text = re.sub(r"(<svg [^>]*)>", lambda found: f'{found[1]} role="img">\n{told}', text, count=1)
    write_text(path, "".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def _variables(colours: Iterable[str]) -> str:
    return " ".join(f"--c{number}: {colour};" for number, colour in enumerate(colours))
