"""Latency of one decision, policy.act on one observation, of the same ACT in bczoo and LeRobot.

    python bench/lerobot_act.py [--rounds 15] [--threads 2] [--json PATH]

Both policies have 51.5 million parameters (same_act.py), are trained for one step and loaded from their files. The
baseline is LeRobot's `select_action` with a new chunk at every call (reset before each); its input is ready, normalised
and batched. bczoo's time is that of the whole `policy.act`, from a uint8 image to an action in the env's units, in
float32 and, where the hardware computes in it, with bfloat16 weights. In turns, warm, medians (p50).
"""

import argparse
import tempfile
import time
from itertools import chain
from pathlib import Path
from statistics import median

import attrs
import numpy as np
import torch
from lerobot_data import FOLDER, both_demos
from lerobot_venv import Peer, peer_python, peer_version
from rows import Row, run
from same_act import RECIPE, bczoo_train, lerobot_train, overrides

from bczoo import load_policy, load_spec
from bczoo.engine.device import computes_bf16, pick_device
from bczoo.engine.policy import Policy

PLAN = Row(what="policy.act", baseline="select_action", unit="ms", aim="<= 0.5x", device="")
CALLS, DEMOS = 20, 12


def our_policies(folder: Path, changes: list[str], device: str) -> dict[str, Policy]:
    """A policy that has seen one step of training, from its file, in every precision that the hardware computes in."""
    changes = [*changes, "train.epochs=1", "train.steps=1", "eval.episodes=1", "eval.videos=0"]
    with bczoo_train(RECIPE, folder, changes, threads=1) as command:
        command.finish()
    path = folder / "runs" / "ours" / "policy.safetensors"
    precisions = ("fp32", "bf16") if computes_bf16(torch.device(device)) else ("fp32",)
    return {precision: load_policy(path, device, precision) for precision in precisions}


def their_checkpoint(folder: Path, dataset: Path, device: str) -> Path:
    """A checkpoint that has seen one step of training."""
    with lerobot_train(folder, dataset, device, threads=1, steps=1, num_workers=0) as command:
        command.finish()
    return folder / "output" / "checkpoints" / "last" / "pretrained_model"


def our_turn(policy: Policy, obs: dict[str, np.ndarray]) -> list[float]:
    """Milliseconds of every call; the action is a numpy array, so no device has work left after it."""
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        policy.act(obs)
        times.append((time.perf_counter() - start) * 1e3)
    return times


def their_turn(peer: Peer, obs: dict[str, np.ndarray]) -> tuple[list[float], list[float]]:
    """Milliseconds of select_action, and of the whole way, of every call."""
    answer = peer.ask(image=obs["front"], state=obs["state"], calls=np.array([CALLS]))
    return (answer["select"] * 1e3).tolist(), (answer["whole"] * 1e3).tolist()


def measure(arguments: argparse.Namespace) -> list[Row]:
    """Both in turns; the first turn of each warms it up."""
    peer_name, device = peer_version(peer_python()), pick_device("auto").type
    torch.set_num_threads(arguments.threads)
    arguments.data.mkdir(parents=True, exist_ok=True)
    changes = overrides(arguments.data, DEMOS)
    demos, dataset = both_demos(load_spec(RECIPE, changes), arguments.data)
    obs = {"front": demos.gather_images("front", torch.tensor([5]))[0].numpy(), "state": demos.state[5].numpy()}
    with tempfile.TemporaryDirectory() as name:
        policies = our_policies(Path(name), changes, device)
        checkpoint = their_checkpoint(Path(name), dataset, device)
        with Peer("latency", checkpoint, threads=arguments.threads) as peer:
            turns = [(*their_turn(peer, obs), *(our_turn(policy, obs) for policy in policies.values()))]
            turns += [
                (*their_turn(peer, obs), *(our_turn(policy, obs) for policy in policies.values()))
                for _ in range(arguments.rounds)
            ]
    select, whole, *ours = (median(chain(*column)) for column in zip(*turns[1:], strict=True))
    row = attrs.evolve(PLAN, theirs=select, device=f"{device}, {arguments.threads} thread(s)")
    return [
        attrs.evolve(
            row,
            what=f"{PLAN.what}, {precision}",
            ours=mine,
            ratio=mine / select,
            note=f"{peer_name}; its select_action with pre- and postprocessor takes {whole:.3g} ms",
        )
        for precision, mine in zip(policies, ours, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2, help="threads of torch, of either side")
    parser.add_argument("--data", type=Path, default=FOLDER, help="where demonstrations are kept, in both formats")
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
