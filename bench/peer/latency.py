"""Time that a LeRobot policy takes for one observation; runs in LeRobot's environment.

    python -m peer.latency CHECKPOINT

A request holds image (H, W, 3) uint8, state (S,) and calls (1,); the answer has seconds of each call, with a fresh
chunk every time: `select` of select_action alone, `whole` from the arrays to the action in the env's units.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from peer.chunks import Observe, load
from peer.pipe import Arrays, serve


def measured() -> Callable[[Arrays], Arrays]:
    """The checkpoint's policy, and what it is asked."""
    policy, observe, after = load(sys.argv[1])

    def answer(request: Arrays) -> Arrays:
        calls = [timed(policy, observe, after, request) for _ in range(int(request["calls"][0]))]
        select, whole = zip(*calls, strict=True)
        return {"select": np.array(select), "whole": np.array(whole)}

    return answer


@torch.inference_mode()
def timed(policy: torch.nn.Module, observe: Observe, after: Callable, request: Arrays) -> tuple[float, float]:
    """Seconds of select_action, and of everything around it too."""
    policy.reset()
    start = time.perf_counter()
    observation = observe(request["image"][None], request["state"][None])
    middle = time.perf_counter()
    action = policy.select_action(observation)
    if action.is_cuda:
        torch.cuda.synchronize()
    end = time.perf_counter()
    after(action).cpu().numpy()
    return end - middle, time.perf_counter() - start


if __name__ == "__main__":
    serve(measured)
