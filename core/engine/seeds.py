"""Where every random start comes from: one stream per purpose, episode and attempt.

Streams depend on nothing but these numbers, so neither the count of processes, nor their timing, nor an
interruption changes what an episode is.
"""

from typing import Final, Literal

import numpy as np

Domain = Literal["demo", "eval", "select"]

# The lowest bit becomes that of each seed; "select", for rollouts during training, shares it with "demo".
DOMAINS: Final[dict[Domain, int]] = {"demo": 0, "eval": 1, "select": 2}


def episode_seed(base: int, domain: Domain, index: int, attempt: int = 0) -> int:
    """The seed to reset an env with for one episode: in [0, 2**53), so JSON keeps it exactly.

    `base` is the user's seed (>= 0), `index` counts episodes, `attempt` their repetitions. Seeds of
    demonstrations are even and those of held-out evaluation odd: a test start is never a training start.
    """
    low, high = _sequence(base, domain, index, attempt).generate_state(2, np.uint32).tolist()
    random_52_bits = (high << 32 | low) >> 12
    return int(random_52_bits << 1 | DOMAINS[domain] & 1)


def episode_rng(base: int, domain: Domain, index: int, attempt: int = 0) -> np.random.Generator:
    """The generator of that episode's noise, independent of the seed of its start."""
    return np.random.default_rng(_sequence(base, domain, index, attempt).spawn(1)[0])


def _sequence(base: int, domain: Domain, index: int, attempt: int) -> np.random.SeedSequence:
    # As a spawn key the numbers cannot run into those of a base longer than 32 bits.
    return np.random.SeedSequence(base, spawn_key=(DOMAINS[domain], index, attempt))
