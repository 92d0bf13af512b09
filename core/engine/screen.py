"""Footage as pictures: cameras side by side, curves beside them, a caption above and a time bar below."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Final

import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw

from bczoo.engine.charts import Charts
from bczoo.engine.chunks import Floats
from bczoo.engine.footage import Footage, Frame
from bczoo.engine.video import GREEN, GREY, PAUSE, RED

SIDE: Final = 336  # pixels of a camera's height; four times 84, the size of many data sets
WIDEST: Final = 1280  # of all cameras together
CHARTS: Final = 440
CAPTION, LABEL, BAR = 26, 18, 24  # heights
GAP: Final = 4  # between cameras
GROUND, LIGHT = (24, 26, 30), (235, 236, 238)
SHEET: Final = 12  # pictures on a contact sheet
SMALL: Final = 200  # pixels of a camera's height there
ABROAD, NARROWEST = 1600, 700  # pixels of a contact sheet's width


def frames_of(footage: Footage) -> Iterator[Frame]:
    """The episode as a film of one even-sided shape; its last picture stays for a moment."""
    screen = Screen(footage)
    for step in range(footage.frames):
        yield screen.frame(step)
    last = screen.frame(footage.frames - 1)
    for _ in range(round(PAUSE * footage.film_fps)):
        yield last


class Screen:
    """Draws the pictures of one episode."""

    def __init__(self, footage: Footage) -> None:
        self._footage = footage
        self._cameras = Cameras(footage, SIDE)
        self._charts = Charts(footage, CHARTS, SIDE + LABEL)
        width, height = self._cameras.width + CHARTS, SIDE + LABEL + CAPTION + BAR
        self._size = (width + width % 2, height + height % 2)  # H.264 halves the sides of colours

    def frame(self, step: int) -> Frame:
        """The picture of a step, uint8 (height, width, 3)."""
        picture = Image.new("RGB", self._size, GROUND)
        draw = ImageDraw.Draw(picture)
        caption(draw, self._size[0], self._footage, step)
        picture.paste(self._cameras.at(step), (0, CAPTION))
        picture.paste(self._charts.at([step]), (self._cameras.width, CAPTION))
        self._time_bar(draw, step)
        return np.asarray(picture)

    def _time_bar(self, draw: ImageDraw.ImageDraw, step: int) -> None:
        footage, (width, height) = self._footage, self._size
        last = max(footage.frames - 1, 1)
        top = height - BAR
        draw.rectangle((0, top, width, height), fill=(44, 47, 53))
        draw.rectangle((0, top, width * step / last, height), fill=(74, 96, 130))
        seconds = f"{step / footage.fps:.2f} s of {(footage.frames - 1) / footage.fps:.2f} s"
        write(draw, (8, top + 4), f"step {step} of {footage.frames - 1}   {seconds}")


class Cameras:
    """Draws what all cameras saw at a step, side by side, with what the policy looked at as heat."""

    def __init__(self, footage: Footage, height: int) -> None:
        self._footage = footage
        shapes = {name: image.shape for name, image in footage.look(0).items()}
        wide = sum(shape[1] / shape[0] for shape in shapes.values())
        self._height = max(1, min(height, int(WIDEST / wide))) if wide else height
        self._widths = {name: max(1, round(self._height * shape[1] / shape[0])) for name, shape in shapes.items()}
        self.width, self.height = sum(self._widths.values()) + GAP * len(shapes), height + LABEL
        peaks = [max(float(places.max()) for places in heat.values()) for heat in footage.heat.values()]
        self._full = float(np.median(peaks)) if peaks else 0.0

    def at(self, step: int) -> Image.Image:
        """The pictures of a step."""
        strip = Image.new("RGB", (max(self.width, 1), self.height), GROUND)
        draw, x = ImageDraw.Draw(strip), 0
        heat = self._footage.heat.get(step, {})
        for name, image in self._footage.look(step).items():
            size = (self._widths[name], self._height)
            shown = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
            if name in heat and self._full > 0:
                shown = glowing(shown, heat[name] / self._full)
            strip.paste(shown, (x, LABEL))
            write(draw, (x + 6, 2), f"{name}{self._said(heat, name)}", size=11)
            x += size[0] + GAP
        return strip

    def _said(self, heat: Mapping[str, Floats], name: str) -> str:
        # Colours are relative to the rest of the episode, where all may be very little.
        return f", heat up to {heat[name].max():.1%}" if name in heat else ""


def glowing(image: Image.Image, heat: Floats) -> Image.Image:
    """An image with heat (rows, columns) laid over it, full from 1 on; where there is none, it stays as it is."""
    places = Image.fromarray(np.minimum(heat, 1.0)).resize(image.size, Image.Resampling.BICUBIC)
    share = np.clip(np.asarray(places), 0.0, 1.0)
    # Without the dark end of the colours, which would only dim the image.
    colour = np.asarray(colormaps["inferno"](0.4 + 0.6 * share)[..., :3]) * 255
    weight = 0.8 * share[..., None]
    return Image.fromarray(np.rint((1 - weight) * np.asarray(image) + weight * colour).astype(np.uint8))


def caption(draw: ImageDraw.ImageDraw, width: int, footage: Footage, step: int) -> None:
    """Across the top: whose episode it is, and how it ended."""
    verdict = "success" if footage.success else "failure"
    colour = (GREEN if footage.success else RED) if footage.over(step) else GREY
    draw.rectangle((0, 0, width, CAPTION - 1), fill=colour)
    write(draw, (8, 4), footage.title)
    draw.rectangle((width - 76, 0, width, CAPTION - 1), fill=colour)  # over the end of a long title
    write(draw, (width - 70, 4), verdict if footage.over(step) else "running")


def contact_sheet(footage: Footage) -> Image.Image:
    """One picture of an episode: moments at even distances, the first and the last among them, and all curves."""
    cameras = Cameras(footage, SMALL)
    steps = np.unique(np.linspace(0, footage.frames - 1, SHEET).round().astype(int)).tolist() if cameras.width else []
    rows = ceil(len(steps) / max(1, ABROAD // max(cameras.width, 1)))
    columns = ceil(len(steps) / max(rows, 1))
    width = max(columns * cameras.width, NARROWEST)
    charts = Charts(footage, width, SIDE)
    sheet = Image.new("RGB", (width, CAPTION + rows * (cameras.height + LABEL) + SIDE), GROUND)
    draw = ImageDraw.Draw(sheet)
    caption(draw, width, footage, footage.frames - 1)
    for place, step in enumerate(steps):
        x, y = place % columns * cameras.width, CAPTION + place // columns * (cameras.height + LABEL)
        write(draw, (x + 6, y + 3), f"step {step}, {step / footage.fps:.2f} s", size=11)
        sheet.paste(cameras.at(step), (x, y + LABEL))
    sheet.paste(charts.at(steps), (0, sheet.height - SIDE))
    return sheet


def write(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int = 13) -> None:
    """Text in Pillow's own font, which has Latin letters and little else."""
    draw.text(place, text.encode("latin-1", "replace").decode("latin-1"), fill=LIGHT, font_size=size)
