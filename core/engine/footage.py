"""What there is to be seen of one episode, whether it was demonstrated or acted by a policy."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import torch

from bczoo.engine.chunks import Floats
from bczoo.engine.demos import Demos

Frame = np.ndarray[Any, np.dtype[np.uint8]]
Heat = Mapping[str, Floats]  # by camera, (rows, columns), each number the share of the action's range that it changes


@attrs.frozen(kw_only=True, eq=False)
class Footage:
    """One episode of F frames and N actions; N is F, or F - 1 where the last frame is what the actions led to.

    `look(step)` gives a frame as {camera: uint8 (height, width, 3)}, for a step in [0, F). `state` is (F, S), `action`
    (N, A), in the env's units. `chunks` holds by step the actions (K, A) that were foreseen there, in words
    `foreseen`; and `heat` what a policy looked at, at the steps at which it decided.
    """

    title: str
    fps: float
    frames: int
    look: Callable[[int], Mapping[str, Frame]]
    state: Floats
    action: Floats
    success: bool
    foreseen: str
    chunks: Mapping[int, Floats] = attrs.field(factory=dict)
    heat: Mapping[int, Heat] = attrs.field(factory=dict)

    @property
    def film_fps(self) -> float:
        """Pictures a second at which it is shown; what was recorded at absurd rates is shown slower, or faster."""
        return min(max(self.fps, 1.0), 240.0)

    def over(self, step: int) -> bool:
        """Whether this is the last frame."""
        return step >= self.frames - 1

    def chunk_at(self, step: int) -> tuple[int, Floats] | None:
        """The latest actions foreseen by then, and since which step."""
        since = max((made for made in self.chunks if made <= step), default=None)
        return None if since is None else (since, self.chunks[since])


def demonstrated(demos: Demos, episode: int) -> Footage:
    """Episode number `episode` in [0, E) as it was recorded; its images are read from disk when they are looked at."""
    start, end = int(demos.episode_starts[episode]), int(demos.episode_ends[episode])

    def look(step: int) -> Mapping[str, Frame]:
        frame = torch.tensor([start + step])
        return {camera: demos.gather_images(camera, frame)[0].numpy() for camera in demos.cameras}

    plan = None if demos.plan is None else demos.plan[start:end].numpy()
    return Footage(
        title=f"{demos.folder.resolve().name}, episode {episode}",
        fps=demos.meta.fps,
        frames=end - start,
        look=look,
        state=demos.state[start:end].numpy(),
        action=demos.action[start:end].numpy(),
        success=bool(demos.success[episode]),
        foreseen="plan",
        chunks={} if plan is None else dict(enumerate(plan)),
    )
