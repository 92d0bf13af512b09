"""Windows of demonstrations: what a policy sees at a moment, and the actions it should answer with."""

from collections.abc import Iterable

import torch
from torch import Tensor

from bczoo.engine.demos import Demos
from bczoo.engine.parts import Batch
from bczoo.errors import BczooError, suggest


class Windows:
    """One window for every frame t of some episodes, in their order; none crosses an episode's bounds.

    Observed are `steps` (T) frames t-T+1..t, the episode's first one repeated before its start, as a
    rollout does. The `horizon` (H) actions from t on are the expert's plan where the demonstrations hold
    one, since noise that came later cannot be foreseen; else those of the episode, its last one repeated
    and masked out beyond its end.
    """

    def __init__(
        self,
        demos: Demos,
        episodes: Tensor,
        *,
        steps: int,
        horizon: int,
        cameras: Iterable[str] | None = None,
        state: bool = True,
    ) -> None:
        """Of int64 `episodes` (any number), with these `cameras` (default: all) and, if `state`, the state.

        Raises BczooError for an unknown camera, or plans shorter than the horizon.
        """
        self.demos = demos
        self.cameras = tuple(demos.cameras if cameras is None else cameras)
        self.state = state
        for camera in self.cameras:
            if camera not in demos.cameras:
                raise BczooError(f"{demos.folder} has no camera {camera!r}; {suggest(camera, demos.cameras)}")
        if demos.plan is not None and horizon > 1 and demos.meta.plan < horizon:
            raise BczooError(
                f"{demos.folder} holds plans of {demos.meta.plan} actions, too short for horizon {horizon};"
                f" set data.plan to {horizon} or more, or to 0 to cut chunks from the episodes"
            )
        self._before = torch.arange(1 - steps, 1)
        self._after = torch.arange(horizon)
        self._frames = demos.frames_of(episodes)
        lengths = demos.episode_ends[episodes] - demos.episode_starts[episodes]
        self._starts = demos.episode_starts[episodes].repeat_interleave(lengths)
        self._ends = demos.episode_ends[episodes].repeat_interleave(lengths)

    def __len__(self) -> int:
        return len(self._frames)

    def batch(self, index: Tensor) -> Batch:
        """The windows `index` (B,), int64 in [0, len)."""
        observed_BT = (self._frames[index, None] + self._before).maximum(self._starts[index, None])
        action_BHA, mask_BH = self._actions(index)
        state_BTS = self.demos.state[observed_BT]
        return Batch(
            images={camera: self.demos.gather_images(camera, observed_BT) for camera in self.cameras},
            state_BTS=state_BTS if self.state else state_BTS[..., :0],
            action_BHA=action_BHA,
            mask_BH=mask_BH,
        )

    def _actions(self, index: Tensor) -> tuple[Tensor, Tensor]:
        frames, horizon = self._frames[index], len(self._after)
        if self.demos.plan is not None and horizon > 1:
            return self.demos.plan[frames, :horizon], torch.ones(len(index), horizon, dtype=torch.bool)
        wanted_BH = frames[:, None] + self._after
        last_B1 = self._ends[index, None] - 1
        return self.demos.action[wanted_BH.minimum(last_B1)], wanted_BH <= last_B1
