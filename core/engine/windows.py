"""Windows of demonstrations: what a policy sees at a moment, and the actions it should answer with."""

from collections.abc import Iterable

import torch
from torch import Tensor

from bczoo.engine.demos import Demos
from bczoo.engine.frames import Frames
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
        frames: Frames | None = None,
        share: bool = False,
    ) -> None:
        """Of int64 `episodes` (any number), with these `cameras` (default: all) and, if `state`, the state.

        `frames` is where they are read from (default: the mapped files). With `share`, a batch holds each of
        its frames once. Raises BczooError for an unknown camera, or plans shorter than the horizon.
        """
        self.demos, self.frames, self.share = demos, frames or demos, share
        self.cameras = tuple(demos.cameras if cameras is None else cameras)
        self.state = state
        # The features of all frames, (F, N, D), where the backbone is frozen and they were computed once.
        self.features: Tensor | None = None
        for camera in self.cameras:
            if camera not in demos.cameras:
                raise BczooError(f"{demos.folder} has no camera {camera!r}; {suggest(camera, demos.cameras)}")
        if demos.plan is not None and horizon > 1 and demos.meta.plan < horizon:
            raise BczooError(
                f"{demos.folder} holds plans of {demos.meta.plan} actions, too short for horizon {horizon};"
                f" set data.plan to {horizon} or more, or to 0 to cut chunks from the episodes"
            )
        self.episode = episodes.repeat_interleave(demos.episode_ends[episodes] - demos.episode_starts[episodes])
        device = self.frames.device
        self._before = torch.arange(1 - steps, 1, device=device)
        self._after = torch.arange(horizon, device=device)
        self._frames = demos.frames_of(episodes).to(device)
        self._starts = demos.episode_starts[self.episode].to(device)
        self._ends = demos.episode_ends[self.episode].to(device)

    def __len__(self) -> int:
        return len(self._frames)

    def batch(self, index: Tensor) -> Batch:
        """The windows `index` (B,), int64 in [0, len), on the CPU."""
        index = index.to(self._frames.device)
        observed_BT = (self._frames[index, None] + self._before).maximum(self._starts[index, None])
        action_BHA, mask_BH = self._actions(index)
        state_BTS = self.frames.state[observed_BT]
        frames_M, frame_BT, group_M = self._shared(index, observed_BT) if self.share else (observed_BT, None, None)
        known = self.features is not None
        return Batch(
            images={}
            if known
            else {name: self.frames.gather_images(name, frames_M.flatten()) for name in self.cameras},
            state_BTS=state_BTS if self.state else state_BTS[..., :0],
            action_BHA=action_BHA,
            mask_BH=mask_BH,
            frame_BT=frame_BT,
            group_M=group_M,
            x_MND=None if self.features is None else self.features[frames_M.flatten()],
        )

    def real(self, index: Tensor) -> Tensor:
        """How many actions of these windows are not padding, a number on the frames' device."""
        index = index.to(self._frames.device)
        horizon = len(self._after)
        if self._plans:
            return torch.tensor(horizon * len(index), device=index.device)
        return (self._ends[index] - self._frames[index]).clamp_max(horizon).sum()

    def newest(self, index: Tensor) -> Tensor:
        """The frame that each of these windows is of, counted over all demonstrations."""
        return self._frames[index.to(self._frames.device)]

    def _shared(self, index: Tensor, observed_BT: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The frames these windows see, each once; which of them each step sees; and each frame's episode's number."""
        frames_M, frame_BT = torch.unique(observed_BT, return_inverse=True)
        # Frames are in order, and so are the starts of their episodes.
        starts = torch.unique(self._starts[index])
        return frames_M, frame_BT, torch.searchsorted(starts, frames_M, right=True) - 1

    @property
    def _plans(self) -> bool:
        return self.demos.plan is not None and len(self._after) > 1

    def _actions(self, index: Tensor) -> tuple[Tensor, Tensor]:
        frames, horizon = self._frames[index], len(self._after)
        if self._plans and self.frames.plan is not None:
            mask_BH = torch.ones(len(index), horizon, dtype=torch.bool, device=frames.device)
            return self.frames.plan[frames, :horizon], mask_BH
        wanted_BH = frames[:, None] + self._after
        last_B1 = self._ends[index, None] - 1
        return self.frames.action[wanted_BH.minimum(last_B1)], wanted_BH <= last_B1
