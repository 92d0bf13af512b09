"""Environments side by side, and the batch of fixed size in which a policy decides for them.

How a processor adds up a row's products depends on how many rows there are and, at their edges, on which it is: eight
observations at once and one alone give actions that differ in the last bit, and a rollout may then end elsewhere. So
every batch has `eval.batch` rows, those in which nobody plays included, and an episode's row follows from its index.
Its result is then the same to the bit, however many environments there are and whatever runs beside it.

While the environments of one bank are stepped, the policy decides for another, in a thread of its own: most of either
work is done outside of Python's lock.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from math import isfinite
from typing import Any

import attrs
import numpy as np

from bczoo.engine.chunks import Floats
from bczoo.errors import BczooError, brief, raised, reworded
from bczoo.spec import Eval


@attrs.define(kw_only=True)
class Episode:
    """One evaluated start. `actions` (steps, A) allow it to be replayed without the policy."""

    index: int
    seed: int
    success: bool = False
    steps: int = 0
    episode_return: float = 0.0
    actions: list[Floats] = attrs.field(factory=list, repr=False)


class Waiting:
    """The episodes that have not begun, by the row that each has to play in."""

    def __init__(self, episodes: Iterable[Episode], batch: int) -> None:
        self._rows: list[deque[Episode]] = [deque() for _ in range(batch)]
        for episode in episodes:
            self._rows[episode.index % batch].append(episode)

    def __len__(self) -> int:
        return sum(map(len, self._rows))

    def take(self, taken: Iterable[int]) -> tuple[int, Episode] | None:
        """The first episode whose row is not taken, with its row."""
        free = set(range(len(self._rows))).difference(taken)
        first = min((self._rows[row][0].index for row in free if self._rows[row]), default=None)
        if first is None:
            return None
        row = first % len(self._rows)
        return row, self._rows[row].popleft()


class Slot:
    """One environment and the episode that runs in it.

    The env may be anybody's: what it raises becomes a BczooError that says where that was.
    """

    def __init__(self, env: Any) -> None:
        self.env = env
        self.episode: Episode

    def start(self, episode: Episode) -> dict[str, Any]:
        """Begin an episode; its first observation."""
        self.episode = episode
        obs: dict[str, Any]
        with reworded(self._failure):
            obs, info = self.env.reset(seed=episode.seed)
            episode.success = bool(info["success"])
        return obs

    def step(self, action: Floats) -> tuple[dict[str, Any], bool]:
        """Take a step; what is seen then, and whether the episode is over."""
        episode = self.episode
        if not np.isfinite(action).all():
            raise BczooError(f"the policy gives no action but {brief(action.tolist())} {self._where()}")
        with reworded(self._failure):
            obs, reward, terminated, truncated, info = self.env.step(action)
            episode.episode_return += float(reward)
            episode.success = episode.success or bool(info["success"])
        if not isfinite(episode.episode_return):
            raise BczooError(
                f"{self._name()} gives the reward {reward} {self._where()}; make it a finite number, 0 if there is none"
            )
        episode.steps += 1
        episode.actions.append(action)
        return obs, bool(terminated or truncated)

    def _failure(self, error: Exception) -> str:
        return f"{self._name()} fails {self._where()}: {raised(error)}"

    def _name(self) -> str:
        return f"the env ({type(self.env.unwrapped).__name__})"

    def _where(self) -> str:
        return f"after {self.episode.steps} steps from start {self.episode.index} (seed {self.episode.seed})"


class Bank:
    """Slots, at most as many as a batch has rows, and the policy's memory of what is seen in each row."""

    def __init__(self, policy: Any, slots: list[Slot], settings: Eval, waiting: Waiting) -> None:
        self._batch, self._execute = settings.batch, settings.execute
        self._actor = policy.actor(slots=self._batch, execute=self._execute, ensemble=settings.ensemble)
        self._idle, self._waiting = slots, waiting
        self._playing: dict[int, Slot] = {}  # by row
        self._obs: dict[str, np.ndarray[Any, Any]] = {}
        self._decided: Future[Floats]
        self._steps = 0
        self._fill()

    @property
    def busy(self) -> bool:
        """Whether an episode runs in any of the slots, or will."""
        return bool(self._playing or self._waiting)

    def decide(self, thread: Executor) -> None:
        """Begin to decide on the next step, in another thread: environments are stepped in the one that made them."""
        self._decided = thread.submit(self._actor.act, self._obs)

    def step(self) -> Iterator[Episode]:
        """Take the step that was decided on, in every slot; the episodes that are over with it.

        Raises BczooError where the policy or an env fails.
        """
        with reworded(self._undecided):  # its parts may be anybody's, and the device's memory may be short
            actions = self._decided.result()
        for row, slot in list(self._playing.items()):
            obs, over = slot.step(actions[row])
            if over:
                self._idle.append(self._playing.pop(row))
                yield slot.episode
            else:
                self._show(row, obs)
        self._steps += 1
        # Where chunks are executed, episodes begin together with the others' next chunks: one prediction does for all.
        if self._steps % self._execute == 0:
            self._fill()

    def _undecided(self, error: Exception) -> str:
        return (
            f"the policy cannot decide on {self._batch} observations at once: {raised(error)}; if memory is short, "
            "lower eval.batch"
        )

    def _fill(self) -> None:
        while self._idle and (found := self._waiting.take(self._playing)):
            row, episode = found
            slot = self._idle.pop()
            self._playing[row] = slot
            self._show(row, slot.start(episode))
            self._actor.reset([row])

    def _show(self, row: int, obs: dict[str, Any]) -> None:
        if not self._obs:
            self._obs = {name: np.zeros((self._batch, *np.shape(value)), value.dtype) for name, value in obs.items()}
        for name, value in obs.items():
            self._obs[name][row] = value
