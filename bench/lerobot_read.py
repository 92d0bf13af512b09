"""Time of reading a random training window: LeRobotDataset[i] against a batch of 64 of bczoo's Windows.

    python bench/lerobot_read.py [--rounds 7] [--demos 200] [--json PATH]

A window is one 84x84 image, the state and 16 actions, of the same push-task demonstrations. Both read in one process
from files that the page cache holds, taking turns; the baseline is the median of LeRobotDataset[i], once with images
(PNG in parquet) and once with videos, bczoo's the median of a batch over its 64 windows.
"""

import argparse
import time
from itertools import chain
from pathlib import Path
from statistics import median

import attrs
import numpy as np
import torch
from lerobot_data import FOLDER, both_demos
from lerobot_venv import Peer, peer_python, peer_version
from rows import NotRun, Row, run
from same_act import CHUNK, RECIPE, overrides

from bczoo import load_spec
from bczoo.engine.windows import Windows

PLAN = Row(what="reading a window", baseline="LeRobotDataset[i]", unit="us", aim=">= 1000x", device="cpu")
BATCH, BATCHES, READS = 64, 50, 100


def our_turn(windows: Windows, generator: torch.Generator) -> list[float]:
    """Microseconds a window, of every batch."""
    times = []
    for index in torch.randint(len(windows), (BATCHES, BATCH), generator=generator):
        start = time.perf_counter()
        windows.batch(index)
        times.append((time.perf_counter() - start) / BATCH * 1e6)
    return times


def their_turn(peer: Peer, random: np.random.Generator, frames: int) -> list[float]:
    """Microseconds of every read."""
    return (peer.ask(index=random.integers(frames, size=READS))["seconds"] * 1e6).tolist()


def compare(kind: str, arguments: argparse.Namespace) -> Row:
    """One row, for datasets of images or of videos."""
    plan = attrs.evolve(PLAN, baseline=f"LeRobotDataset[i], {kind}s")
    spec = load_spec(RECIPE, overrides(arguments.data, arguments.demos))
    try:
        demos, dataset = both_demos(spec, arguments.data, kind)
        windows = Windows(demos, torch.arange(demos.episodes), steps=1, horizon=CHUNK)
        generator, random = torch.Generator().manual_seed(0), np.random.default_rng(0)
        with Peer("read", dataset, CHUNK, threads=1) as peer:
            our_turn(windows, generator), their_turn(peer, random, demos.frames)
            rounds = [
                (our_turn(windows, generator), their_turn(peer, random, demos.frames)) for _ in range(arguments.rounds)
            ]
    except NotRun as reason:
        return attrs.evolve(plan, note=f"not run: {reason}")
    ours, theirs = (median(chain(*column)) for column in zip(*rounds, strict=True))
    ratios = [median(other) / median(mine) for mine, other in rounds]
    return attrs.evolve(
        plan,
        ours=ours,
        theirs=theirs,
        ratio=median(ratios),
        note=f"{peer_version(peer_python())}; {demos.frames} frames, warm, one process and thread; "
        f"ratio from {min(ratios):.0f} to {max(ratios):.0f} in {len(ratios)} rounds",
    )


def measure(arguments: argparse.Namespace) -> list[Row]:
    """Images, then videos."""
    peer_python()
    torch.set_num_threads(1)
    arguments.data.mkdir(parents=True, exist_ok=True)
    return [compare(kind, arguments) for kind in ("image", "video")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--demos", type=int, default=200)
    parser.add_argument("--data", type=Path, default=FOLDER, help="where demonstrations are kept, in both formats")
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
