"""Evaluating a policy against one environment at a time with one observation a decision; and ways to step environments.

The policy is a recipe's, trained for a few epochs, so that its episodes end at different times. The other rows step the
push task alone, 16 of them side by side with one action, in one process (as the evaluator does), in threads and in
Gymnasium's AsyncVectorEnv of a process each.

    python bench/eval_speed.py [--recipe bc_cnn] [--episodes 100] [--pairs 3]
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import gymnasium
import numpy as np
import torch
from rows import Row, of_pairs, run

import bczoo
from bczoo.engine.checkpoint import load_with_spec
from bczoo.engine.evaluate import evaluate
from bczoo.plugins.envs.gym_ids import PUSH_ID

SIDE_BY_SIDE, TURN = 16, 100  # environments, and steps of each in a turn
ACTION = np.float32([0.1, 0.05, 0.0])
PLAN = Row(what="an evaluation", baseline="one start at a time", unit="s", aim="<= 0.2x", device="")
STEPPING = Row(what="16 push tasks", baseline="", unit="steps/s", aim="> 1x", device="")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def evaluation(arguments: argparse.Namespace, folder: Path) -> Row:
    """As the recipe says it, against slots = 1 and batch = 1."""
    os.chdir(folder)
    few = ["data.demos=60", "train.epochs=4", "eval.episodes=0"]
    trained = bczoo.train(arguments.recipe, run="r", overrides=few, show=False)
    policy, spec = load_with_spec(trained.folder / "policy.safetensors")
    ours = attrs.evolve(spec.eval, episodes=arguments.episodes, videos=0)
    theirs = attrs.evolve(ours, slots=1, batch=1)
    evaluate(policy, spec.env, attrs.evolve(ours, episodes=SIDE_BY_SIDE))
    pairs = []
    for _ in range(arguments.pairs):
        turns = [seconds(lambda which=which: evaluate(policy, spec.env, which)) for which in (ours, theirs)]
        pairs.append((turns[0], turns[1]))
    return of_pairs(
        PLAN,
        pairs,
        what=f"evaluating {arguments.recipe} on {arguments.episodes} starts",
        device=f"cpu, {torch.get_num_threads()} thread(s)",
        note=f"{ours.slots} slots, batches of {ours.batch}; {len(pairs)} pairs",
    )


def in_one_process() -> Callable[[], object]:
    envs = [started() for _ in range(SIDE_BY_SIDE)]
    return lambda: [env.step(ACTION) for _ in range(TURN) for env in envs]


def in_threads() -> Callable[[], object]:
    envs, count = [started() for _ in range(SIDE_BY_SIDE)], len(os.sched_getaffinity(0))
    pool = ThreadPoolExecutor(count)
    parts = [envs[i::count] for i in range(count)]

    def turn() -> None:
        for _ in range(TURN):
            list(pool.map(lambda part: [env.step(ACTION) for env in part], parts))

    return turn


def in_processes() -> Callable[[], object]:
    envs = gymnasium.vector.AsyncVectorEnv([make] * SIDE_BY_SIDE, context="spawn")
    envs.reset(seed=0)
    actions = np.tile(ACTION, (SIDE_BY_SIDE, 1))
    return lambda: [envs.step(actions) for _ in range(TURN)]


def make() -> "gymnasium.Env[object, object]":
    # No limit that would begin new episodes in one of the ways only.
    return gymnasium.make(f"bczoo.plugins.envs.gym_ids:{PUSH_ID}", max_steps=10**9)


def started() -> "gymnasium.Env[object, object]":
    env = make()
    env.reset(seed=0)
    return env


def stepping(arguments: argparse.Namespace) -> list[Row]:
    """One process against each other way."""
    ours, rows = in_one_process(), []
    ours()
    for name, ready in (("threads", in_threads), ("AsyncVectorEnv", in_processes)):
        others: list[Callable[[], object]] = []
        start = seconds(lambda ready=ready, others=others: others.append(ready()))
        (other,) = others
        other()
        steps = SIDE_BY_SIDE * TURN
        pairs = [(steps / seconds(ours), steps / seconds(other)) for _ in range(arguments.pairs)]
        note = f"which took {start:.1f} s to begin; {len(pairs)} pairs"
        rows.append(of_pairs(STEPPING, pairs, baseline=name, device="cpu, all cores", note=note))
    return rows


def measure(arguments: argparse.Namespace) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [evaluation(arguments, Path(folder)), *stepping(arguments)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="bc_cnn")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=3)
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
