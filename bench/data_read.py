"""Time of reading random observed frames, against a plain numpy loader, in one run.

    python bench/data_read.py [--frames 20000] [--batch 64]

Both read the same random frames (84x84x3, uint8), from files that the page cache holds. The baseline is what
one writes first: a numpy memmap indexed per sample and stacked, as a map-style dataset with collation does.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import torch
from safetensors.numpy import save_file

from bczoo.engine.demo_format import FORMAT, META, SHARD_DEMOS, shard_name
from bczoo.engine.demo_meta import ActionMeta, Lengths, Meta, ShardMeta, file_sha256
from bczoo.engine.demos import Demos
from bczoo.engine.windows import Windows
from bczoo.files import write_json

LENGTH, SHAPE = 40, (84, 84, 3)
REPEATS, BATCHES = 7, 50


def make_folder(folder: Path, frames: int) -> None:
    """Write random demonstrations of 40 frames each, and the same images as one .npy."""
    rng = np.random.default_rng(0)
    shards = []
    count = max(1, frames // (SHARD_DEMOS * LENGTH))
    size = SHARD_DEMOS * LENGTH
    plain = np.lib.format.open_memmap(folder / "plain.npy", "w+", np.uint8, (count * size, *SHAPE))
    for shard in range(count):
        images = rng.integers(0, 256, (size, *SHAPE), np.uint8)
        plain[shard * size : (shard + 1) * size] = images
        path = folder / shard_name(shard)
        arrays = {
            "images.front": images,
            "state": rng.random((size, 3), np.float32),
            "action": rng.random((size, 3), np.float32),
            "episode_ends": np.arange(LENGTH, size + 1, LENGTH),
            "seed": np.arange(SHARD_DEMOS),
            "success": np.ones(SHARD_DEMOS, np.uint8),
        }
        save_file(arrays, path)
        shards.append(
            ShardMeta(
                file=path.name,
                bytes=path.stat().st_size,
                sha256=file_sha256(path),
                frames=size,
                episodes=SHARD_DEMOS,
            )
        )
    meta = Meta(
        format=FORMAT,
        env={"use": "bench"},
        demos=count * SHARD_DEMOS,
        frames=count * size,
        successes=0,
        cameras={"front": SHAPE},
        state=3,
        action=ActionMeta(size=3, low=[-1.0] * 3, high=[1.0] * 3),
        fps=20.0,
        lengths=Lengths(min=LENGTH, median=LENGTH, max=LENGTH),
        noise=0.0,
        plan=0,
        seed=0,
        keep_failures=True,
        versions={},
        shards=shards,
    )
    write_json(folder / META, attrs.asdict(meta))


def microseconds_a_frame(read: Callable[[torch.Tensor], object], indices: list[torch.Tensor]) -> float:
    """Best of several rounds: the least disturbed one."""
    rounds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for index in indices:
            read(index)
        rounds.append(time.perf_counter() - start)
    return min(rounds) / sum(map(len, indices)) * 1e6


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=64)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_folder(folder, arguments.frames)
        start = time.perf_counter()
        demos = Demos.open(folder)
        opened = time.perf_counter() - start
        windows = Windows(demos, torch.arange(demos.episodes), steps=1, horizon=1)
        plain = np.load(folder / "plain.npy", mmap_mode="r")
        generator = torch.Generator().manual_seed(0)
        shape = (BATCHES, arguments.batch)
        indices = list(torch.randint(len(windows), shape, generator=generator))
        ours = microseconds_a_frame(windows.batch, indices)
        images = microseconds_a_frame(lambda index: demos.gather_images("front", index), indices)
        baseline = microseconds_a_frame(
            lambda index: torch.stack([torch.from_numpy(plain[i].copy()) for i in index.tolist()]), indices
        )
    print(f"open and verify {demos.frames} frames: {opened:.2f} s")
    print(f"whole windows:                    {ours:6.2f} us a frame")
    print(f"images only:                      {images:6.2f} us a frame")
    print(f"numpy memmap by sample, stacked:  {baseline:6.2f} us a frame, ratio {baseline / ours:.1f}")


if __name__ == "__main__":
    main()
