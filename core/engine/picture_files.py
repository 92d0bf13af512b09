"""Footage as files, by suffix."""

from collections.abc import Callable, Iterator
from math import ceil
from pathlib import Path
from typing import Final

from PIL import Image

from bczoo.engine.footage import Footage, Frame
from bczoo.engine.rerun_file import write_rrd
from bczoo.engine.screen import contact_sheet, frames_of
from bczoo.engine.video import write_mp4

Told = Callable[[int], None]

_FASTEST: Final = 50  # pictures a second; those who show GIFs slow down what is faster


def _mp4(path: Path, footage: Footage, told: Told) -> None:
    write_mp4(path, _telling(frames_of(footage), told), footage.film_fps)


def _gif(path: Path, footage: Footage, told: Told) -> None:
    every = ceil(footage.film_fps / _FASTEST)
    frames = (frame for place, frame in enumerate(_telling(frames_of(footage), told)) if place % every == 0)
    pictures = map(Image.fromarray, frames)
    milliseconds = round(1000 * every / footage.film_fps)
    next(pictures).save(path, format="GIF", save_all=True, append_images=pictures, duration=milliseconds, loop=0)


def _png(path: Path, footage: Footage, told: Told) -> None:
    contact_sheet(footage).save(path, format="PNG")
    told(footage.frames)


def _telling(frames: Iterator[Frame], told: Told) -> Iterator[Frame]:
    for place, frame in enumerate(frames):
        told(place + 1)
        yield frame


WRITERS: Final[dict[str, Callable[[Path, Footage, Told], None]]] = {
    ".mp4": _mp4,
    ".gif": _gif,
    ".png": _png,
    ".rrd": write_rrd,
}
