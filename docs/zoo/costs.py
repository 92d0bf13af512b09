"""What every recipe costs, trained or not: its parameters, and how long one action takes."""

import statistics
import time
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import torch

from bczoo.engine import normalize
from bczoo.engine.assembly import assemble, observe
from bczoo.engine.env import describe_env
from bczoo.files import write_json
from bczoo.specfile import load_spec, recipes
from zoo.record import HERE

ROUNDS: Final = 200
WARM_UP: Final = 20


def write_costs() -> None:
    """Measure all recipes on one thread and write docs/zoo/costs.json.

    The policies have fresh weights, which take as long as trained ones. What is timed is what a robot waits for, from
    one observation as arrays to one action as an array, through an actor with its memory; chunks are predicted anew
    every time.
    """
    torch.set_num_threads(1)
    costs = {name: _cost(name) for name in recipes()}
    made_with = {"versions": {name: version(name) for name in ("bczoo", "torch", "numpy")}, "threads": 1}
    write_json(HERE / "costs.json", {"format": 1, "made_with": made_with, "rounds": ROUNDS, "recipes": costs})


def _cost(name: str) -> dict[str, Any]:
    spec = load_spec(name)
    spaces = describe_env(spec.env)
    policy = assemble(spec.policy, observe(spec.policy, spaces), spaces.action)
    normalize.fit(policy.normalizer, None)
    actor = policy.actor()
    actor.reset()
    rng = np.random.default_rng(0)
    obs = {key: rng.integers(0, 256, (1, *shape), dtype=np.uint8) for key, shape in policy.obs.images.items()}
    obs["state"] = rng.normal(size=(1, policy.obs.state)).astype(np.float32)
    passed = []
    for _ in range(ROUNDS + WARM_UP):
        start = time.perf_counter()
        actor.act(obs)
        passed.append(1e3 * (time.perf_counter() - start))
    parameters = sum(parameter.numel() for parameter in policy.parameters())
    return {"parameters": parameters, "ms": float(f"{statistics.median(passed[WARM_UP:]):.3g}")}
