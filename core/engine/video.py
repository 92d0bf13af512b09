"""Rollouts side by side as one MP4, each marked as a success or a failure."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw

from bczoo.card import card_of
from bczoo.engine.bank import Episode
from bczoo.engine.env import make_env
from bczoo.engine.evaluate import Report
from bczoo.engine.shift import shifted_env
from bczoo.engine.shift_name import Shift
from bczoo.errors import BczooError, raised
from bczoo.files import atomic_path

GREEN, RED, GREY = (40, 170, 80), (210, 50, 45), (120, 124, 130)
SIDE = 240  # pixels of one rollout
BAR = 22  # height of its caption
PAUSE = 1.0  # seconds the last picture stays

Frame = np.ndarray[Any, np.dtype[np.uint8]]


class NoPictures(BczooError):
    """The env cannot be filmed."""


def write_rollouts(path: Path, report: Report, env: Any, count: int) -> None:
    """Replay up to `count` episodes of a report, failures first, and write them as one MP4.

    Raises NoPictures where the env has no render mode "rgb_array" or fails in it, BczooError where the file cannot be.
    """
    chosen = sorted(report.table, key=lambda episode: (episode.success, episode.index))[:count]
    fps = _fps(env)
    clips = [film(env, episode, report.shift) for episode in chosen]
    length = max(map(len, clips)) + round(PAUSE * fps)
    columns = ceil(sqrt(len(clips)))
    with atomic_path(path) as temporary:
        write_mp4(temporary, (_grid(clips, chosen, step, columns) for step in range(length)), fps)


def film(env: Any, episode: Episode, shift: Shift | None = None) -> list[Frame]:
    """All pictures of an evaluated episode; raises NoPictures where the env cannot draw them."""
    try:
        return list(replay(env, episode, shift))
    except Exception as error:  # the env may be anybody's, and draw with anything
        reason = raised(error)
        raise NoPictures(f"env {card_of(env).name!r} cannot be rendered ({reason})") from error


def replay(env: Any, episode: Episode, shift: Shift | None = None) -> Iterator[Frame]:
    """The pictures of an evaluated episode, from its seed and actions alone."""
    replayed = shifted_env(env, shift, render_mode="rgb_array")
    try:
        replayed.reset(seed=episode.seed)
        yield _small(replayed.render())
        for action in episode.actions:
            replayed.step(action)
            yield _small(replayed.render())
    finally:
        replayed.close()


def write_mp4(path: Path, frames: Iterator[Frame], fps: float) -> None:
    """Encode RGB frames of one even-sided shape as H.264."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream(
                    "libx264", rate=Fraction(fps).limit_denominator(1001), options={"preset": "veryfast"}
                )
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())


def _small(image: Any) -> Frame:
    # A box filter is exact and fast where the env's picture is a multiple of the size.
    return np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BOX))


def _grid(clips: Sequence[list[Frame]], episodes: Sequence[Episode], step: int, columns: int) -> Frame:
    rows = ceil(len(clips) / columns)
    sheet = Image.new("RGB", (columns * SIDE, rows * (SIDE + BAR)), (24, 26, 30))
    for place, (clip, episode) in enumerate(zip(clips, episodes, strict=True)):
        x, y = place % columns * SIDE, place // columns * (SIDE + BAR)
        sheet.paste(Image.fromarray(clip[min(step, len(clip) - 1)]), (x, y + BAR))
        _caption(ImageDraw.Draw(sheet), x, y, episode, step)
    return np.asarray(sheet)


def _caption(draw: ImageDraw.ImageDraw, x: int, y: int, episode: Episode, step: int) -> None:
    over = step >= episode.steps
    colour = (GREEN if episode.success else RED) if over else GREY
    verdict = ("success" if episode.success else "failure") if over else "running"
    draw.rectangle((x, y, x + SIDE - 1, y + BAR - 1), fill=colour)
    text = f"start {episode.index}   step {min(step, episode.steps)}   {verdict}"
    draw.text((x + 6, y + 5), text, fill=(255, 255, 255))
    if over:
        draw.rectangle((x, y + BAR, x + SIDE - 1, y + BAR + SIDE - 1), outline=colour, width=3)


def _fps(env: Any) -> int:
    made = make_env(env)
    try:
        if "rgb_array" not in made.metadata.get("render_modes", ()):
            raise NoPictures(f"env {card_of(env).name!r} has no render mode 'rgb_array'")
        return int(made.metadata.get("render_fps", 20))
    finally:
        made.close()
