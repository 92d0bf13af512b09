"""Footage as a recording for the Rerun viewer (rerun.io), with everything that is known of each step."""

from collections.abc import Callable, Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from PIL import Image

from bczoo.engine.footage import Footage, Frame
from bczoo.errors import BczooError, brief


def rerun_library() -> Any:
    """The module `rerun`; raises BczooError where it cannot be imported."""
    try:
        return import_module("rerun")
    except ImportError as error:
        raise BczooError(
            f"an .rrd file needs a library that cannot be imported here ({brief(error)}); pip install 'bczoo[rerun]'"
        ) from error


def write_rrd(path: Path, footage: Footage, told: Callable[[int], None]) -> None:
    """Write an .rrd file with the timelines `step` and `time`, which begins with the episode.

    Entities: `camera/NAME`, images without loss; `state` and `action`, one curve a number; `plan` or `prediction`,
    a tensor (ahead, action) at each step at which actions were foreseen; `saliency/NAME`, a tensor of shares of the
    action's range; `outcome`, a line of text at the end. `told` hears how many steps are written. Raises BczooError
    where Rerun is not installed, or switched off.
    """
    rerun = rerun_library()
    # The viewer takes recordings of one id for one, and by default there is one id a process.
    recording = rerun.RecordingStream("bczoo", recording_id=uuid4())
    if not rerun.is_enabled(recording=recording):
        raise BczooError("Rerun is switched off by the environment variable RERUN and would write nothing; unset it")
    recording.save(path)
    recording.send_recording_name(footage.title)
    for name, values in (("state", footage.state), ("action", footage.action)):
        names = [f"{name} {i}" for i in range(values.shape[1])]
        if names:
            recording.log(name, rerun.SeriesLines(names=names), static=True, strict=True)
    for step in range(footage.frames):
        recording.set_time("step", sequence=step)
        recording.set_time("time", duration=step / footage.fps)
        for entity, archetype in _seen(footage, step, rerun):
            recording.log(entity, archetype, strict=True)
        told(step + 1)
    recording.log("outcome", rerun.TextLog("success" if footage.success else "failure"), strict=True)
    recording.disconnect()  # after everything is written


def _seen(footage: Footage, step: int, rerun: Any) -> Iterator[tuple[str | list[str], Any]]:
    """What is known of a step, by entity; rerun escapes what a camera's name may have, in a list of parts."""
    for name, image in footage.look(step).items():
        yield ["camera", name], rerun.EncodedImage(contents=_png(image), media_type="image/png")
    if footage.state.shape[1]:
        yield "state", rerun.Scalars(footage.state[step])
    if step < len(footage.action):
        yield "action", rerun.Scalars(footage.action[step])
    if step in footage.chunks:
        yield footage.foreseen, rerun.Tensor(footage.chunks[step], dim_names=("ahead", "action"))
    for name, places in footage.heat.get(step, {}).items():
        yield ["saliency", name], rerun.Tensor(places, dim_names=("row", "column"))


def _png(image: Frame) -> bytes:
    made = BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(made, format="PNG")
    return made.getvalue()
