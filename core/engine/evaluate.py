"""The evaluator, written once: held-out starts, one memory per slot, a rate with its interval."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import attrs
import numpy as np
import torch

from bczoo.engine.bank import Bank, Episode, Slot, Waiting
from bczoo.engine.policy import Policy
from bczoo.engine.seeds import Domain, episode_seed
from bczoo.engine.shift import shifted_env
from bczoo.engine.shift_name import Shift
from bczoo.engine.wilson import wilson
from bczoo.schema import unstructure
from bczoo.spec import Eval


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
    shift: Shift | None
    table: list[Episode]
    shifted: tuple["Report", ...] = ()  # the same starts under the shifts that were asked for

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values, one row an episode, without the actions."""
        return attrs.asdict(self, filter=lambda field, _: field.name != "actions")


def evaluate(
    policy: Policy,
    env: Any,
    settings: Eval,
    on_progress: Callable[[int, int, int], None] | None = None,
    domain: Domain = "eval",
    shift: Shift | None = None,
) -> Report:
    """Roll the policy out from `settings.episodes` held-out starts of the env (an options object).

    The starts follow from `settings.seed` alone and are drawn in advance, so they are the same for every
    policy, number of slots, machine and `shift`. Those of another `domain` are others. `on_progress` gets (done,
    total, successes). Raises BczooError where the env or the policy fails; however it ends, the envs are closed and the
    thread that decides has ended.
    """
    done: list[Episode] = []
    with ExitStack() as opened:
        slots = [Slot(_opened(env, shift, opened)) for _ in range(min(settings.slots, settings.episodes))]
        for episode in opened.enter_context(closing(_episodes(policy, slots, settings, domain))):
            done.append(episode)
            if on_progress:
                on_progress(len(done), settings.episodes, sum(e.success for e in done))
        rule = getattr(slots[0].env.unwrapped, "success_rule", "info['success']")
    return _report(sorted(done, key=lambda e: e.index), rule, env, settings, shift)


def _episodes(policy: Policy, slots: list[Slot], settings: Eval, domain: Domain) -> Generator[Episode, None, None]:
    """Play all episodes; each is given when it is over."""
    seeds = (episode_seed(settings.seed, domain, i) for i in range(settings.episodes))
    size = settings.batch
    waiting = Waiting((Episode(index=i, seed=seed) for i, seed in enumerate(seeds)), size)
    banks = deque(Bank(policy, slots[i : i + size], settings, waiting) for i in range(0, len(slots), size))
    thread = ThreadPoolExecutor(1)
    try:
        with _a_core_for_environments():
            for bank in banks:
                bank.decide(thread)
            while banks:
                bank = banks.popleft()
                yield from bank.step()
                if bank.busy:
                    bank.decide(thread)
                    banks.append(bank)
    finally:
        thread.shutdown(cancel_futures=True)


@contextmanager
def _a_core_for_environments() -> Iterator[None]:
    """Let the policy compute on all cores but one, where environments are stepped: sharing that one slows both."""
    cores = torch.get_num_threads()
    torch.set_num_threads(max(1, cores - 1))
    try:
        yield
    finally:
        torch.set_num_threads(cores)


def _opened(env: Any, shift: Shift | None, opened: ExitStack) -> Any:
    made = shifted_env(env, shift)
    opened.callback(made.close)
    return made


def _report(table: list[Episode], rule: str, env: Any, settings: Eval, shift: Shift | None) -> Report:
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
        shift=shift,
        table=table,
    )
