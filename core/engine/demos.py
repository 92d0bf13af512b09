"""Reading demonstrations: checked once when opened, then mapped, so only the frames asked for are read."""

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from bczoo.engine.demo_meta import Meta, ShardMeta, damage, read_meta
from bczoo.errors import BczooError, brief, first_of, suggest

Stats = dict[str, dict[str, Tensor]]


class Demos:
    """An open folder of F frames in E episodes; make one with `Demos.open`.

    `state` (F, S) and `action` (F, A), float32, and `plan` (F, K, A) or None lie in memory; images stay
    on disk. `episode_starts` and `episode_ends` (E,), int64, count frames over the whole folder; `success`
    (E,), bool, says how they ended.
    """

    def __init__(self, folder: Path, meta: Meta, shards: list[dict[str, Tensor]]) -> None:
        self.folder = folder
        self.meta = meta
        self._images = {
            name: [shard[f"images.{name}"].numpy().reshape(-1).data for shard in shards] for name in meta.cameras
        }
        lengths = np.array([shard.frames for shard in meta.shards])
        self._shard_ends = lengths.cumsum()
        self._shard_starts = self._shard_ends - lengths
        self.state = torch.cat([shard["state"] for shard in shards]) if meta.state else torch.zeros(meta.frames, 0)
        self.action = torch.cat([shard["action"] for shard in shards])
        self.plan = torch.cat([shard["plan"] for shard in shards]) if meta.plan else None
        starts = self._shard_starts.tolist()
        self.episode_ends = torch.cat(
            [shard["episode_ends"] + start for shard, start in zip(shards, starts, strict=True)]
        )
        self.episode_starts = torch.cat([torch.zeros(1, dtype=torch.int64), self.episode_ends[:-1]])
        self.success = torch.cat([shard["success"] for shard in shards]).bool()

    @property
    def fingerprint(self) -> str:
        """What these demonstrations are: the same for the same files, wherever they lie."""
        return hashlib.sha256("".join(shard.sha256 for shard in self.meta.shards).encode()).hexdigest()

    def check_files(self) -> None:
        """Raise BczooError if a shard has gone or shrunk since: reading its mapping would kill the process."""
        for shard in self.meta.shards:
            path = self.folder / shard.file
            if not path.is_file() or path.stat().st_size != shard.bytes:
                raise BczooError(f"{path} is no longer the file that was opened; restore it and resume the run")

    @classmethod
    def open(cls, folder: Path, verify: bool = True) -> "Demos":
        """Open a complete folder; `verify` also compares every file with its checksum.

        Raises BczooError naming the folder or the file that is absent, incomplete or damaged.
        """
        meta = read_meta(folder)
        if mistakes := damage(folder, meta, verify=verify):
            raise BczooError("\n".join(first_of(mistakes)))
        return cls(folder, meta, [_map(folder / shard.file, meta, shard) for shard in meta.shards])

    @property
    def device(self) -> torch.device:
        """Where frames are handed out: the CPU."""
        return torch.device("cpu")

    @property
    def cameras(self) -> dict[str, tuple[int, int, int]]:
        """Shape (height, width, 3) of every camera's images."""
        return self.meta.cameras

    @property
    def episodes(self) -> int:
        """Number of episodes, E."""
        return self.meta.demos

    @property
    def frames(self) -> int:
        """Number of frames, F."""
        return self.meta.frames

    @property
    def env(self) -> dict[str, Any]:
        """The env the demonstrations came from, as a spec writes it: `use` and its options."""
        return self.meta.env

    def gather_images(self, camera: str, frames: Tensor) -> Tensor:
        """Read images of int64 `frames` (any shape) as uint8 (*frames.shape, height, width, 3).

        Raises BczooError for an unknown camera and IndexError for a frame outside [0, F).
        """
        if camera not in self.cameras:
            raise BczooError(f"{self.folder} has no camera {camera!r}; {suggest(camera, self.cameras)}")
        wanted = frames.flatten().numpy()
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < self.frames:
            raise IndexError(f"frames must be in [0, {self.frames})")
        shard_of = np.searchsorted(self._shard_ends, wanted, side="right")
        place = wanted - self._shard_starts[shard_of]
        shape, shards = self.cameras[camera], self._images[camera]
        size = math.prod(shape)
        # One copy a frame costs the same however many shards there are, and `join` makes them all without coming back
        # to Python; to group by shard first takes longer, and torch's indexed assignment goes byte by byte.
        rows = [
            shards[shard][first : first + size]
            for shard, first in zip(shard_of.tolist(), (place * size).tolist(), strict=True)
        ]
        images = np.frombuffer(bytearray().join(rows), np.uint8)
        return torch.from_numpy(images).view(*frames.shape, *shape)

    def split(self, validation: float, seed: int) -> tuple[Tensor, Tensor]:
        """Divide the episodes into training and validation ones, int64, each in ascending order.

        `validation` in [0, 1) is the share held out; unless it is 0, both sides get at least one episode
        (of two or more). The same `seed` always gives the same division.
        """
        held_out = 0
        if validation > 0:
            held_out = min(max(round(validation * self.episodes), 1), self.episodes - 1)
        # numpy's, because torch does not promise the same permutation in every release.
        order = np.random.default_rng(seed).permutation(self.episodes)
        parts = np.sort(order[held_out:]), np.sort(order[:held_out])
        return torch.from_numpy(parts[0]), torch.from_numpy(parts[1])

    def frames_of(self, episodes: Tensor) -> Tensor:
        """All frames of `episodes`, int64, in their order."""
        lengths = self.episode_ends[episodes] - self.episode_starts[episodes]
        shift = (self.episode_starts[episodes] - lengths.cumsum(0) + lengths).repeat_interleave(lengths)
        return torch.arange(len(shift)) + shift

    def statistics(self, episodes: Tensor) -> Stats:
        """Mean, std (population), min and max of every dimension of "state" and "action", float32.

        Only frames of `episodes` count; sums are kept in float64. Raises BczooError for no episodes.
        """
        if not len(episodes):
            raise BczooError(
                f"{self.folder}: no episodes to take statistics of; collect more or lower train.validation"
            )
        frames = self.frames_of(episodes)
        return {"state": _statistics(self.state[frames]), "action": _statistics(self.action[frames])}


def _statistics(values: Tensor) -> dict[str, Tensor]:
    exact = values.double()
    mean = exact.mean(0)
    return {
        "mean": mean.float(),
        "std": (exact - mean).square().mean(0).sqrt().float(),
        "min": values.amin(0),
        "max": values.amax(0),
    }


def _map(path: Path, meta: Meta, shard: ShardMeta) -> dict[str, Tensor]:
    expected = _layout(meta, shard)
    try:
        with safe_open(path, framework="pt") as file:
            found = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            # Compared before anything is made of it, so that a hostile header costs nothing.
            seen = {name: (view.get_dtype(), tuple(view.get_shape())) for name, view in found.items()}
            if seen != expected:
                raise BczooError(f"{path} does not hold what meta.json says; delete it and {meta.again}")
            tensors = {name: file.get_tensor(name) for name in expected}
    except (OSError, SafetensorError) as error:
        raise BczooError(
            f"{path} is not a whole shard of demonstrations ({brief(error)}); delete it and {meta.again}"
        ) from error
    ends = tensors["episode_ends"]
    # Compared rather than subtracted: the difference of two large numbers wraps round.
    if int(ends[0]) < 1 or int(ends[-1]) != shard.frames or not bool((ends[1:] > ends[:-1]).all()):
        raise BczooError(f"{path}: its episode ends do not cut its frames into episodes; delete it and {meta.again}")
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise BczooError(f"{path}: {brief(name)} holds numbers that are not finite; delete it and {meta.again}")
    return tensors


def _layout(meta: Meta, shard: ShardMeta) -> dict[str, tuple[str, tuple[int, ...]]]:
    frames, size = shard.frames, meta.action.size
    layout: dict[str, tuple[str, tuple[int, ...]]] = {
        f"images.{name}": ("U8", (frames, *shape)) for name, shape in meta.cameras.items()
    }
    layout |= {"action": ("F32", (frames, size)), "episode_ends": ("I64", (shard.episodes,))}
    layout |= {"seed": ("I64", (shard.episodes,)), "success": ("U8", (shard.episodes,))}
    if meta.state:
        layout["state"] = ("F32", (frames, meta.state))
    if meta.plan:
        layout["plan"] = ("F32", (frames, meta.plan, size))
    return layout
