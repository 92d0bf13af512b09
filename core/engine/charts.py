"""The numbers of an episode as curves over its time: drawn once, with a cursor for each step."""

from collections.abc import Iterable
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from bczoo.engine.chunks import Floats
from bczoo.engine.footage import Footage

MOST: Final = 7  # curves of the state, and of the action
FINE: Final = 2  # times as large as it is shown, so that lines are smooth
DARK, LIGHT, CURSOR = "#181a1e", "#c8ccd2", (255, 255, 255)
COLOURS: Final = {"state": "#7aa6c2", "action": "#e8a33d"}
FORESEEN: Final = (120, 220, 130)


class _Curve(NamedTuple):
    axes: Axes
    dimension: int | None  # of the action; None for a number of the state


class Charts:
    """Curves of an episode's actions and states, `width` x `height` pixels; foreseen actions begin at the cursor."""

    def __init__(self, footage: Footage, width: int, height: int) -> None:
        self._footage = footage
        figure = Figure(figsize=(width / 100, height / 100), dpi=100 * FINE, facecolor=DARK)
        canvas = FigureCanvasAgg(figure)
        self._curves = _curves(figure, footage, width, height)
        canvas.draw()  # type: ignore[no-untyped-call]
        drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        self._background = Image.fromarray(drawn).convert("RGB")

    def at(self, steps: Iterable[int]) -> Image.Image:
        """The curves with a cursor at each of `steps`, and what was foreseen by then."""
        picture = self._background.copy()
        draw = ImageDraw.Draw(picture)
        for step, curve in product(steps, self._curves):
            draw.line(self._pixels(curve.axes, [step, step], curve.axes.get_ylim()), fill=CURSOR, width=FINE)
            known = self._footage.chunk_at(step)
            if known is not None and curve.dimension is not None:
                self._foresee(draw, curve.axes, known[0], known[1][:, curve.dimension])
        return picture.reduce(FINE)

    def _foresee(self, draw: ImageDraw.ImageDraw, axes: Axes, since: int, values: Floats) -> None:
        ahead = values[: self._footage.frames - since]  # what lies beyond the episode's end is not on the chart
        ahead = np.clip(np.nan_to_num(ahead), *axes.get_ylim())  # those that are no numbers are on no scale
        points = self._pixels(axes, range(since, since + len(ahead)), ahead.tolist())
        draw.line(points, fill=FORESEEN, width=2 * FINE, joint="curve")
        for x, y in points[:1]:
            draw.ellipse((x - 3 * FINE, y - 3 * FINE, x + 3 * FINE, y + 3 * FINE), fill=FORESEEN)

    def _pixels(self, axes: Axes, steps: Iterable[int], values: Iterable[float]) -> list[tuple[float, float]]:
        seconds = np.fromiter(steps, float) / self._footage.fps
        places = axes.transData.transform(np.column_stack([seconds, np.fromiter(values, float)]))
        return [(x, self._background.height - y) for x, y in places.tolist()]


def _curves(figure: Figure, footage: Footage, width: int, height: int) -> list[_Curve]:
    rows = [("action", i) for i in range(footage.action.shape[1])][:MOST]
    rows += [("state", i) for i in range(footage.state.shape[1])][:MOST]
    # The same width of the margins in pixels, whatever the size.
    figure.subplots_adjust(left=112 / width, right=1 - 10 / width, top=1 - 20 / height, bottom=34 / height, hspace=0.3)
    made = []
    for (name, i), axes in zip(rows, figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0], strict=True):
        values = getattr(footage, name)[:, i]
        axes.plot(np.arange(len(values)) / footage.fps, values, color=COLOURS[name], linewidth=1.2)
        _scale(axes, [values, *(chunk[:, i] for chunk in footage.chunks.values() if name == "action")])
        # Left of the numbers that the scale's ends are.
        beside = {"xy": (0, 0.5), "xycoords": "axes fraction", "xytext": (-36, 0), "textcoords": "offset points"}
        axes.annotate(f"{name} {i}", **beside, ha="right", va="center", color=COLOURS[name], fontsize=7.5)
        _plain(axes)
        made.append(_Curve(axes, i if name == "action" else None))
    last = made[-1].axes
    last.set_xlim(0, max(footage.frames - 1, 1) / footage.fps)
    last.tick_params(axis="x", bottom=True, labelbottom=True)
    last.set_xlabel("seconds", color=LIGHT, fontsize=8, labelpad=2)
    figure.text(1 - 10 / width, 1 - 15 / height, _legend(footage), color=LIGHT, fontsize=8, ha="right")
    return made


def _legend(footage: Footage) -> str:
    left = [(name, getattr(footage, name).shape[1] - MOST) for name in ("action", "state")]
    more = [f"{count} more of the {name} not shown" for name, count in left if count > 0]
    return "; ".join([*([f"green: {footage.foreseen}"] if footage.chunks else []), *more])


def _scale(axes: Axes, values: list[Floats]) -> None:
    known = np.concatenate(values)
    known = known[np.isfinite(known)]  # of a policy that breaks down there is most to be seen
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    room = 0.08 * (high - low) or 0.5
    axes.set_ylim(low - room, high + room)
    axes.set_yticks([low, high] if high > low else [low], [f"{value:.3g}" for value in sorted({low, high})])


def _plain(axes: Any) -> None:
    axes.set_facecolor("#22252b")
    axes.tick_params(colors=LIGHT, labelsize=6, length=2, bottom=False, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
