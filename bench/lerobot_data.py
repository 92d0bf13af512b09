"""The same push-task demonstrations for both: collected by bczoo, and written again as a LeRobotDataset."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from lerobot_venv import run_peer

from bczoo.engine.demonstrate import find_demos
from bczoo.engine.demos import Demos
from bczoo.spec import Spec

FOLDER = Path(__file__).parents[1] / "build" / "bench" / "demos"


def both_demos(spec: Spec, folder: Path, kind: str = "image") -> tuple[Demos, Path]:
    """The demonstrations a spec asks for, and the folder of the LeRobotDataset ("image" or "video") made of them.

    Both are made once and kept in `folder`; the spec's `data.path` must lie there.
    """
    demos = find_demos(spec, show=False)
    converted = folder / f"lerobot-{kind}-{demos.folder.name}"
    if not converted.exists():
        _convert(demos, converted, kind)
    return demos, converted


def _convert(demos: Demos, converted: Path, kind: str) -> None:
    with tempfile.TemporaryDirectory(dir=converted.parent) as name:
        source, unfinished = Path(name) / "demos.npz", Path(name) / "dataset"
        np.savez(
            source,
            images=demos.gather_images("front", torch.arange(demos.frames)).numpy(),
            state=demos.state.numpy(),
            action=demos.action.numpy(),
            episode_ends=demos.episode_ends.numpy(),
            fps=round(demos.meta.fps),
        )
        run_peer("convert", source, unfinished, kind)
        unfinished.rename(converted)
