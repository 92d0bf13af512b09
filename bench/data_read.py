"""Time of reading random windows: against a plain numpy loader, and from many frames against few.

    python bench/data_read.py [--few 10000] [--many 1000000] [--size 40]

All read from files that the page cache holds and that are mapped already. The plain loader is what one writes first: a
numpy memmap indexed per sample and stacked, as a map-style dataset with collation does. The many frames are smaller
than the push task's 84x84, so that a million of them fit into memory.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import psutil
import torch
from rows import Row, run
from safetensors.numpy import save_file

from bczoo.engine.demo_format import FORMAT, META, SHARD_DEMOS, shard_name
from bczoo.engine.demo_meta import ActionMeta, Lengths, Meta, ShardMeta, file_sha256
from bczoo.engine.demos import Demos
from bczoo.engine.windows import Windows
from bczoo.files import write_json

LENGTH, BATCH = 40, 64
REPEATS, BATCHES = 9, 50
PLAN = Row(what="reading a window", baseline="numpy, per sample", unit="us", aim=">= 1x", device="cpu")


def make_folder(folder: Path, frames: int, size: int) -> None:
    """Write demonstrations of 40 frames each, every shard with the same random images of size x size."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    count, rows = max(1, frames // (SHARD_DEMOS * LENGTH)), SHARD_DEMOS * LENGTH
    arrays = {
        "images.front": rng.integers(0, 256, (rows, size, size, 3), np.uint8),
        "state": rng.random((rows, 3), np.float32),
        "action": rng.random((rows, 3), np.float32),
        "episode_ends": np.arange(LENGTH, rows + 1, LENGTH),
        "seed": np.arange(SHARD_DEMOS),
        "success": np.ones(SHARD_DEMOS, np.uint8),
    }
    for shard in range(count):
        save_file(arrays, folder / shard_name(shard))
    first = folder / shard_name(0)
    common = {"bytes": first.stat().st_size, "sha256": file_sha256(first), "frames": rows, "episodes": SHARD_DEMOS}
    meta = Meta(
        format=FORMAT,
        env={"use": "bench"},
        demos=count * SHARD_DEMOS,
        frames=count * rows,
        successes=0,
        cameras={"front": (size, size, 3)},
        state=3,
        action=ActionMeta(size=3, low=[-1.0] * 3, high=[1.0] * 3),
        fps=20.0,
        lengths=Lengths(min=LENGTH, median=LENGTH, max=LENGTH),
        noise=0.0,
        plan=0,
        seed=0,
        keep_failures=True,
        versions={},
        shards=[ShardMeta(file=shard_name(shard), **common) for shard in range(count)],
    )
    write_json(folder / META, attrs.asdict(meta))


def opened(folder: Path) -> Windows:
    """Windows of all frames, every page of which has been touched once."""
    demos = Demos.open(folder, verify=False)
    for index in torch.split(torch.arange(demos.frames), 1000):
        demos.gather_images("front", index)
    return Windows(demos, torch.arange(demos.episodes), steps=1, horizon=1)


def compare(read: Callable, other: Callable, frames: tuple[int, int]) -> tuple[float, float, float]:
    """Microseconds a window of both, in turn, and the median ratio of the rounds; `frames` each has."""
    generator = torch.Generator().manual_seed(0)
    indices = [list(torch.randint(count, (BATCHES, BATCH), generator=generator)) for count in frames]
    rounds = []
    for _ in range(REPEATS):
        times = []
        for work, some in zip((read, other), indices, strict=True):
            start = time.perf_counter()
            for index in some:
                work(index)
            times.append((time.perf_counter() - start) / (BATCHES * BATCH) * 1e6)
        rounds.append(times)
    ours, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
    return ours, theirs, statistics.median(b / a for a, b in rounds)


def against_numpy(folder: Path, frames: int) -> Row:
    """Windows of 84x84 frames against a plain loader of the same ones."""
    make_folder(folder / "plain", frames, 84)
    windows = opened(folder / "plain")
    plain = np.lib.format.open_memmap(folder / "plain.npy", "w+", np.uint8, (windows.demos.frames, 84, 84, 3))
    plain[:] = windows.demos.gather_images("front", torch.arange(windows.demos.frames)).numpy()

    def per_sample(index: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.from_numpy(plain[i].copy()) for i in index.tolist()])

    ours, theirs, ratio = compare(windows.batch, per_sample, (len(windows), len(windows)))
    note = f"{windows.demos.frames:,} frames of 84x84, batch {BATCH}; images, states, actions and masks against images"
    return attrs.evolve(PLAN, ours=ours, theirs=theirs, ratio=ratio, note=note)


def against_few(folder: Path, few: int, many: int, size: int) -> Row:
    """Windows of many frames against windows of few; memory of its own that the larger one takes."""
    for name, count in (("few", few), ("many", many)):
        make_folder(folder / name, count, size)
    small = opened(folder / "few")
    before = _own_memory()
    large = opened(folder / "many")
    grown = _own_memory() - before
    theirs, ours, ratio = compare(small.batch, large.batch, (len(small), len(large)))
    return Row(
        what=f"read cost, {large.demos.frames:,} frames over {small.demos.frames:,}",
        baseline=f"{small.demos.frames:,} frames",
        ours=ours,
        theirs=theirs,
        unit="us",
        ratio=ratio,
        aim="<= 1.2x",
        device="cpu",
        note=f"{size}x{size}, batch {BATCH}; {grown / 1e6:,.0f} MB of own memory for the {large.demos.frames:,} frames",
    )


def _own_memory() -> int:
    """What this process holds beside the mapped files, in bytes."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - memory.shared)


def measure(arguments: argparse.Namespace) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [
            against_numpy(folder, arguments.few),
            against_few(folder, arguments.few, arguments.many, arguments.size),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=40, help="height and width of the few and the many")
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
