"""What every recipe costs, trained or not: its parameters, and how long one action takes."""

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from bczoo.engine import normalize
from bczoo.engine.assembly import assemble, observe
from bczoo.engine.env import describe_env
from bczoo.engine.policy import Policy
from bczoo.files import write_json
from bczoo.specfile import load_spec, recipes

ROUNDS: Final = 100
WARM_UP: Final = 5


def write_costs(folder: Path) -> None:
    """Measure all recipes on one thread and write costs.json into `folder`.

    The policies have fresh weights, which take as long as trained ones. What is timed is what a robot waits for, from
    one observation as arrays to one action as an array, through an actor with its memory; chunks are predicted anew
    every time. Recipes take turns, and what counts is the fastest tenth of the rounds: other work disturbs the rest.
    """
    torch.set_num_threads(1)
    policies = {name: _fresh(name) for name in recipes()}
    asked = {name: _asking(policy) for name, policy in policies.items()}
    passed: dict[str, list[float]] = {name: [] for name in policies}
    for number in range(ROUNDS + WARM_UP):
        for name, ask in asked.items():
            start = time.perf_counter()
            ask()
            if number >= WARM_UP:
                passed[name].append(1e3 * (time.perf_counter() - start))
    costs = {
        name: {
            "parameters": sum(parameter.numel() for parameter in policy.parameters()),
            "ms": float(f"{np.quantile(passed[name], 0.1):.2g}"),
        }
        for name, policy in policies.items()
    }
    made_with = {"versions": {name: version(name) for name in ("bczoo", "torch", "numpy")}, "threads": 1}
    write_json(folder / "costs.json", {"format": 1, "made_with": made_with, "rounds": ROUNDS, "recipes": costs})


def _fresh(name: str) -> Policy:
    """A recipe's policy with fresh weights."""
    spec = load_spec(name)
    spaces = describe_env(spec.env)
    policy = assemble(spec.policy, observe(spec.policy, spaces), spaces.action)
    normalize.fit(policy.normalizer, None)
    return policy


def _asking(policy: Policy) -> Callable[[], Any]:
    """A call that gives a policy one observation of noise and gets one action."""
    actor = policy.actor()
    actor.reset()
    rng = np.random.default_rng(0)
    obs = {key: rng.integers(0, 256, (1, *shape), dtype=np.uint8) for key, shape in policy.obs.images.items()}
    obs["state"] = rng.normal(size=(1, policy.obs.state)).astype(np.float32)
    return lambda: actor.act(obs)
