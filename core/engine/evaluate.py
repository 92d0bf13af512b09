"""The evaluator, written once: held-out starts, one memory per slot, a rate with its interval."""

import math
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import attrs
import numpy as np

from bczoo.engine.chunks import Floats
from bczoo.engine.env import make_env
from bczoo.engine.policy import Policy
from bczoo.engine.seeds import Domain, episode_seed
from bczoo.schema import unstructure
from bczoo.spec import Eval

Z95 = 1.959963984540054  # two-sided 95 % of the standard normal


@attrs.define(kw_only=True)
class Episode:
    """One evaluated start. `actions` (steps, A) allow it to be replayed without the policy."""

    index: int
    seed: int
    success: bool = False
    steps: int = 0
    episode_return: float = 0.0
    actions: list[Floats] = attrs.field(factory=list, repr=False)


@attrs.frozen(kw_only=True)
class Report:
    """What an evaluation found; `interval` is the 95 % Wilson interval of `success_rate`."""

    success_rate: float
    interval: tuple[float, float]
    successes: int
    episodes: int
    success_rule: str
    median_steps: float | None  # of the successful episodes
    mean_return: float
    env: dict[str, Any]
    settings: dict[str, Any]
    table: list[Episode]

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values, one row an episode, without the actions."""
        return attrs.asdict(self, filter=lambda field, _: field.name != "actions")


def evaluate(
    policy: Policy,
    env: Any,
    settings: Eval,
    on_progress: Callable[[int, int, int], None] | None = None,
    domain: Domain = "eval",
) -> Report:
    """Roll the policy out from `settings.episodes` held-out starts of the env (an options object).

    The starts follow from `settings.seed` alone and are drawn in advance, so they are the same for every
    policy, number of slots and machine. Those of another `domain` are others. `on_progress` gets (done, total,
    successes).
    """
    waiting = [Episode(index=i, seed=episode_seed(settings.seed, domain, i)) for i in range(settings.episodes)]
    done: list[Episode] = []
    with ExitStack() as opened:
        slots = [Slot(env, opened) for _ in range(min(settings.slots, settings.episodes))]
        actor = policy.actor(slots=len(slots), execute=settings.execute, ensemble=settings.ensemble)
        for place, slot in enumerate(slots):
            slot.start(waiting.pop(0))
            actor.reset([place])
        while any(slot.episode for slot in slots):
            obs = {key: np.stack([slot.obs[key] for slot in slots]) for key in slots[0].obs}
            for place, (slot, action) in enumerate(zip(slots, actor.act(obs), strict=True)):
                if finished := slot.step(action):
                    done.append(finished)
                    if on_progress:
                        on_progress(len(done), settings.episodes, sum(e.success for e in done))
                    if waiting:
                        slot.start(waiting.pop(0))
                        actor.reset([place])
        rule = getattr(slots[0].env.unwrapped, "success_rule", "info['success']")
    return _report(sorted(done, key=lambda e: e.index), rule, env, settings)


class Slot:
    """One environment and the episode that runs in it; idle slots show their last observation."""

    def __init__(self, options: Any, opened: ExitStack) -> None:
        self.env = make_env(options)
        opened.callback(self.env.close)
        self.obs: dict[str, Any] = {}
        self.episode: Episode | None = None

    def start(self, episode: Episode) -> None:
        """Begin an episode from its seed."""
        self.episode = episode
        self.obs, info = self.env.reset(seed=episode.seed)
        episode.success = bool(info["success"])

    def step(self, action: Floats) -> Episode | None:
        """Take a step; the episode, once it is over."""
        episode = self.episode
        if episode is None:
            return None
        self.obs, reward, terminated, truncated, info = self.env.step(action)
        episode.steps += 1
        episode.episode_return += float(reward)
        episode.success = episode.success or bool(info["success"])
        episode.actions.append(action)
        if not (terminated or truncated):
            return None
        self.episode = None
        return episode


def _report(table: list[Episode], rule: str, env: Any, settings: Eval) -> Report:
    won = [episode.steps for episode in table if episode.success]
    return Report(
        success_rate=len(won) / len(table),
        interval=wilson(len(won), len(table)),
        successes=len(won),
        episodes=len(table),
        success_rule=f"{rule}, at any step",
        median_steps=float(np.median(won)) if won else None,
        mean_return=float(np.mean([episode.episode_return for episode in table])),
        env=unstructure(env),
        settings=unstructure(settings),
        table=table,
    )


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95 % Wilson score interval of a rate (Wilson 1927); sound at 0 and at n too."""
    rate, z2 = successes / n, Z95**2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    # Rounding must not push a bound past the rate itself.
    return max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half))
