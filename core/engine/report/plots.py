"""Plots as SVG inside the page: text stays text, and colours follow the page from light to dark."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from io import StringIO
from typing import Any, Final

import attrs
import matplotlib
import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from scipy.optimize import isotonic_regression

from bczoo.errors import clip, printable

# What is drawn in these colours is shown in those of the style sheet, which has them for light and dark.
INK: Final = "#010203"
FAINT: Final = "#010204"
SERIES: Final = ("#010211", "#010212", "#010213", "#010214", "#010215")  # see page.css; told apart without colours, too
_SHOWN: Final = {INK: "var(--ink)", FAINT: "var(--faint)"} | {
    colour: f"var(--series-{place})" for place, colour in enumerate(SERIES, 1)
}
_DASHES: Final = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3)))
_LABEL: Final = 9  # points
_MARKERS: Final = ("o", "s", "^", "D", "v")
_SETTINGS: Final = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bczoo",
    "text.parse_math": False,  # names of runs are no formulas
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "grid.alpha": 0.35,
    "axes.grid": True,
}

Floats = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True, eq=False)
class Line:
    """A curve: the mean over seeds, and the band from the lowest to the highest of them where there are several."""

    name: str
    x: Floats
    mean: Floats
    low: Floats
    high: Floats


@attrs.frozen(kw_only=True, eq=False)
class Panel:
    """One plot of curves over epochs. `behind` is drawn faintly for comparison, `dashed` beside `lines`."""

    title: str
    description: str
    ylabel: str
    lines: Sequence[Line]
    dashed: Sequence[Line] = ()
    behind: Sequence[Line] = ()
    limits: tuple[float, float] | None = None
    log: bool = False
    size: tuple[float, float] = (7.2, 3.4)


def draw(panel: Panel, name: str) -> Markup:
    """The plot as an inline SVG; `name` keeps the ids of several plots apart."""
    with matplotlib.rc_context(_SETTINGS), _silently():  # type: ignore[arg-type]
        figure = Figure(figsize=panel.size, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        for line in panel.behind:
            axes.plot(line.x, line.mean, color=FAINT, linewidth=0.8)
        for place, line in enumerate(panel.lines):
            _draw_line(axes, line, place, alone=len(panel.lines) == 1)
        for line in panel.dashed:
            axes.plot(line.x, line.mean, color=INK, linewidth=1, linestyle=(0, (2, 2)))
        axes.set(xlabel="epoch", ylabel=panel.ylabel)
        if panel.log:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        if panel.limits:
            axes.set_ylim(*panel.limits)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.02)
        _label(figure, axes, [*zip(panel.lines, SERIES, strict=False), *((line, INK) for line in panel.dashed)])
        out = StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return inline(out.getvalue(), panel.title, panel.description, name)


def _draw_line(axes: Any, line: Line, place: int, alone: bool) -> None:
    colour = SERIES[place % len(SERIES)]
    if np.any(line.high > line.low):
        axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(
        line.x,
        line.mean,
        color=colour,
        linewidth=1.8,
        linestyle="-" if alone else _DASHES[place % len(_DASHES)],
        marker=_MARKERS[place % len(_MARKERS)],
        markersize=4,
        markevery=max(1, len(line.x) // 10),
    )


def _label(figure: Figure, axes: Any, lines: Sequence[tuple[Line, str]]) -> None:
    """The names beside the lines' ends, where the eye is already; moved apart where they would hide each other."""
    named = [(line, colour) for line, colour in lines if line.name]
    if not named:
        return
    figure.draw_without_rendering()  # heights are known only then
    points = [72 / figure.dpi * axes.transData.transform((line.x[-1], line.mean[-1]))[1] for line, _ in named]
    for (line, colour), up in zip(named, _spread(points, 1.25 * _LABEL), strict=True):
        end, text = (line.x[-1], line.mean[-1]), clip(printable(line.name), 28)
        axes.annotate(
            text, end, (7, up), textcoords="offset points", va="center", fontsize=_LABEL, color=colour
        ).set_in_layout(True)


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """How far each is to be moved for all to be `gap` apart, in the same order: as little as that takes, squared."""
    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(len(heights))
    placed = isotonic_regression(np.asarray(heights)[order] - steps).x + steps
    moved = np.empty(len(heights))
    moved[order] = placed - np.asarray(heights)[order]
    return [float(value) for value in moved]


@contextmanager
def _silently() -> Iterator[None]:
    """Without warnings of glyphs that are not in matplotlib's fonts: the browser has its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def inline(svg: str, title: str, description: str, name: str) -> Markup:
    """An SVG file as an element of the page: with ids of its own, a text alternative, and the page's colours."""
    body = svg[svg.index("<svg") :]
    opening, _, rest = body.partition(">")
    rest = re.sub(r"<metadata>.*?</metadata>", "", rest, flags=re.DOTALL)
    used = set(re.findall(r"#([\w-]+)\"", rest)) | set(re.findall(r"url\(#([\w-]+)\)", rest))
    rest = re.sub(r' id="([\w.-]+)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", rest)
    rest = re.sub(r'href="#', f'href="#{name}-', rest)
    rest = re.sub(r"url\(#", f"url(#{name}-", rest)
    for drawn, shown in _SHOWN.items():
        rest = rest.replace(drawn, shown)
    box = re.search(r'viewBox="[\d. -]+"', opening)
    words = {"title": printable(title), "desc": printable(description)}
    told = "".join(f'<{tag} id="{name}-{tag}">{escape(text)}</{tag}>' for tag, text in words.items())
    labels = f'role="img" aria-labelledby="{name}-title" aria-describedby="{name}-desc"'
    links = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    return Markup(f"<svg {links} {box[0] if box else ''} {labels}>{told}{rest}")
