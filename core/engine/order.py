"""The order in which windows are trained on: a function of the generator alone, for any number of processes."""

import math

import torch
from torch import Tensor


def epoch_order(episode_W: Tensor, stretch: int, generator: torch.Generator) -> Tensor:
    """All W windows once, int64 (W,), in random order; `episode_W` is the episode of each.

    With `stretch` above 1, up to so many consecutive windows of an episode stay together. Where they are cut
    changes from epoch to epoch, so that no two frames are always apart.
    """
    if stretch == 1:
        return torch.randperm(len(episode_W), generator=generator)
    lengths: Tensor = torch.unique_consecutive(episode_W, return_counts=True)[1]
    phases = torch.randint(stretch, (len(lengths),), generator=generator)
    firsts = lengths.cumsum(0) - lengths
    place = torch.arange(len(episode_W)) + (phases - firsts).repeat_interleave(lengths)
    # A piece begins with each episode, and wherever it is cut.
    begins = place % stretch == 0
    begins[firsts] = True
    pieces = begins.cumsum(0) - 1
    shuffled = torch.randperm(int(pieces[-1]) + 1, generator=generator)
    return shuffled[pieces].argsort(stable=True)


def shares(batch: Tensor, process: int, processes: int, parts: int) -> list[tuple[Tensor, float]]:
    """What one of several processes computes of a batch: up to `parts` parts, each with its share of the windows.

    All parts of all processes are the batch, each window in one of them. Every process has as many parts, since
    spread weights are gathered for each: where no windows are left, the batch's first stands in and its share is 0.
    """
    split = batch.tensor_split(processes)
    count = min(parts, len(split[0]))  # the first process has the most windows
    mine = [part for part in split[process].tensor_split(count) if len(part)]
    return [(part, len(part) / len(batch)) for part in mine] + [(batch[:1], 0.0)] * (count - len(mine))


def steps_per_epoch(windows: int, batch_size: int) -> int:
    """Optimiser steps that one pass takes; the last may be smaller."""
    return math.ceil(windows / batch_size)


def plan_steps(epochs: int | None, steps: int | None, per_epoch: int) -> int:
    """Optimiser steps until the first of both limits."""
    return min(limit for limit in (steps, epochs and epochs * per_epoch) if limit)
