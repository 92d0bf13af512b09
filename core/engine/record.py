"""Recording demonstrations: the expert plays, with noise on its hand but not on its word.

Imported by collecting processes, so nothing here imports torch.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from bczoo.engine.demo_format import Arrays, Request, shard_header, shard_name
from bczoo.engine.env import make_env, read_spaces
from bczoo.engine.seeds import episode_rng, episode_seed
from bczoo.errors import BczooError
from bczoo.files import atomic_path

ATTEMPTS: Final = 100


class Recorder:
    """One env with its expert, ready to record any demonstration of a request."""

    def __init__(self, request: Request) -> None:
        """Build the env; raises BczooError when it has no expert to demonstrate with."""
        self.request = request
        self.env: Any = make_env(request.env)
        if not hasattr(self.env, "expert_action"):
            raise BczooError(
                f"env {request.env_name!r} has no expert to collect from; set data.path to a folder of demonstrations"
            )
        self.spaces = read_spaces(self.env, request.env_name)
        self.low, self.high = (
            np.array(self.spaces.action.low, np.float32),
            np.array(self.spaces.action.high, np.float32),
        )

    @property
    def fps(self) -> float:
        """Steps per second of the env's own time."""
        return float(self.env.metadata["render_fps"])

    def close(self) -> None:
        """Close the env."""
        self.env.close()

    def demo(self, slot: int) -> Arrays:
        """Record one demonstration: arrays over its frames, and `seed` and `success` of shape (1,).

        A failure is repeated from a new start unless the request keeps failures; raises BczooError
        after 100 of them.
        """
        for attempt in range(ATTEMPTS):
            arrays = self._episode(slot, attempt)
            if arrays["success"].all() or self.request.keep_failures:
                return arrays
        raise BczooError(
            f"env {self.request.env_name!r}: the expert failed {ATTEMPTS} times in a row for demonstration"
            f" {slot} at noise {self.request.noise:g}; lower data.noise or make the env's options easier"
        )

    def _episode(self, slot: int, attempt: int) -> Arrays:
        request = self.request
        seed = episode_seed(request.seed, "demo", slot, attempt)
        rng = episode_rng(request.seed, "demo", slot, attempt)
        frames: list[Arrays] = []
        observation, info = self.env.reset(seed=seed)
        success, over = bool(info["success"]), False
        while not over:
            frames.append(self._frame(observation))
            label = frames[-1]["action"]
            noisy = label + rng.normal(0.0, request.noise, label.shape)
            executed = np.clip(noisy, self.low, self.high).astype(np.float32)
            observation, _, terminated, truncated, info = self.env.step(executed)
            success, over = success or bool(info["success"]), terminated or truncated
        arrays = {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}
        return arrays | {"seed": np.array([seed], np.int64), "success": np.array([success], np.uint8)}

    def _frame(self, observation: dict[str, Any]) -> Arrays:
        spaces, plan = self.spaces, self.request.plan
        # Copied, since an env may draw the next frame into the same buffer.
        frame: Arrays = {f"images.{name}": np.array(observation[name], np.uint8) for name in spaces.images}
        if spaces.state:
            frame["state"] = self._floats("state", observation["state"], (spaces.state,))
        frame["action"] = self._floats("expert_action()", self.env.expert_action(), self.low.shape)
        if plan:
            frame["plan"] = self._floats("expert_plan()", self.env.expert_plan(plan), (plan, *self.low.shape))
        return frame

    def _floats(self, what: str, value: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
        array = np.array(value, np.float32)
        if array.shape != shape or not np.isfinite(array).all():
            raise BczooError(
                f"env {self.request.env_name!r}: {what} must be finite numbers of shape {shape}, got {array}"
            )
        return array


def write_shard(recorder: Recorder, folder: Path, shard: int, on_demo: Callable[[], None]) -> None:
    """Record one shard and write it to `folder`, whole or not at all; raises BczooError when it cannot."""
    demos = []
    for slot in recorder.request.slots(shard):
        demos.append(recorder.demo(slot))
        on_demo()
    arrays = joined(demos)
    save_shard(folder / shard_name(shard), arrays, shard_header(recorder.request, shard, arrays))


def joined(demos: Sequence[Arrays]) -> Arrays:
    """A shard's arrays: those of its demonstrations one after the other, and where each of them ends."""
    arrays = {name: np.concatenate([demo[name] for demo in demos]) for name in demos[0]}
    return arrays | {"episode_ends": np.cumsum([len(demo["action"]) for demo in demos], dtype=np.int64)}


def save_shard(path: Path, arrays: Arrays, header: dict[str, str] | None = None) -> None:
    """Write a shard's arrays, whole or not at all; raises BczooError when it cannot."""
    with atomic_path(path) as temporary:
        try:
            save_file(arrays, temporary, metadata=header)
        except SafetensorError as error:
            raise BczooError(f"cannot write {path}: {error}; free space or choose a folder you may write") from error
