"""From shards on disk to the meta.json that makes their folder complete."""

import statistics
from pathlib import Path

import numpy as np
from safetensors import safe_open

from bczoo.engine.demo_format import FORMAT, META, Request, shard_name, versions
from bczoo.engine.demo_meta import ActionMeta, Lengths, Meta, ShardMeta, file_sha256
from bczoo.engine.env import Spaces
from bczoo.files import write_json
from bczoo.schema import unstructure


def write_meta(
    folder: Path, shards: int, request: Request, spaces: Spaces, fps: float, *, recorded_elsewhere: bool = False
) -> None:
    """Sum up the first `shards` shards on disk in meta.json; it holds nothing that differs between two runs."""
    summed, lengths, successes = [], [], 0
    for path in (folder / shard_name(shard) for shard in range(shards)):
        with safe_open(path, framework="np") as file:
            ends, success = file.get_tensor("episode_ends"), file.get_tensor("success")
        lengths += np.diff(ends, prepend=0).tolist()
        successes += int(success.sum())
        summed.append(
            ShardMeta(
                file=path.name,
                bytes=path.stat().st_size,
                sha256=file_sha256(path),
                frames=int(ends[-1]),
                episodes=len(ends),
            )
        )
    meta = Meta(
        format=FORMAT,
        env=unstructure(request.env),
        demos=request.demos,
        frames=sum(lengths),
        successes=successes,
        cameras=spaces.images,
        state=spaces.state,
        action=ActionMeta(size=spaces.action.size, low=list(spaces.action.low), high=list(spaces.action.high)),
        fps=fps,
        lengths=Lengths(min=min(lengths), median=float(statistics.median(lengths)), max=max(lengths)),
        noise=request.noise,
        plan=request.plan,
        seed=request.seed,
        keep_failures=request.keep_failures,
        versions=versions(request.env),
        shards=summed,
        recorded_elsewhere=recorded_elsewhere,
    )
    write_json(folder / META, meta.table())
