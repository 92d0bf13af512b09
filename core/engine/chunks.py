"""Predicted chunks of actions, and which action of them is taken, in each environment slot."""

from typing import Any, Protocol

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float32]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


class Chunks(Protocol):
    """Takes in predicted chunks and gives out one action a slot and step."""

    def due(self) -> Bools:
        """True in slots (slots,) that need a chunk before they can act."""

    def put(self, chunk_BHA: Floats) -> None:
        """Take in a chunk a slot, as predicted now; slots that are not due ignore theirs."""

    def take(self) -> Floats:
        """The actions (slots, A) of this step."""

    def reset(self, slots: list[int]) -> None:
        """Forget everything in these slots."""


class Queue:
    """Carries out the first `execute` actions of a chunk before it asks for another."""

    def __init__(self, slots: int, horizon: int, action: int, execute: int) -> None:
        self._execute = execute
        self._chunk_BHA = np.zeros((slots, horizon, action), np.float32)
        self._next = np.full(slots, execute)  # place in the chunk; at `execute` it is used up
        self._all = np.arange(slots)

    def due(self) -> Bools:
        """Where the chunk is used up."""
        return self._next >= self._execute

    def put(self, chunk_BHA: Floats) -> None:
        """Start on new chunks where the old ones are used up."""
        due = self.due()
        self._chunk_BHA[due], self._next[due] = chunk_BHA[due], 0

    def take(self) -> Floats:
        """The next action of each chunk."""
        action_BA: Floats = self._chunk_BHA[self._all, self._next]
        self._next += 1
        return action_BA

    def reset(self, slots: list[int]) -> None:
        """Drop what is left of the chunks."""
        self._next[slots] = self._execute


class Ensemble:
    """Averages what all chunks so far say about this step (temporal ensembling, Zhao et al. 2023).

    Of the i-th oldest of them, counted from 0, the weight is exp(-decay * i).
    """

    def __init__(self, slots: int, horizon: int, action: int, decay: float) -> None:
        self._decay = decay
        # Over this step and the H - 1 after it: weighted sums of predictions, weights, and how many there were.
        self._sum_BHA = np.zeros((slots, horizon, action), np.float32)
        self._weight_BH = np.zeros((slots, horizon), np.float32)
        self._count_BH = np.zeros((slots, horizon), np.int64)

    def due(self) -> Bools:
        """Everywhere, at every step."""
        return np.ones(len(self._sum_BHA), bool)

    def put(self, chunk_BHA: Floats) -> None:
        """Add to what earlier chunks said of the same steps."""
        weight_BH = np.exp(-self._decay * self._count_BH).astype(np.float32)
        self._sum_BHA += weight_BH[..., None] * chunk_BHA
        self._weight_BH += weight_BH
        self._count_BH += 1

    def take(self) -> Floats:
        """The weighted mean for this step, after which the next one is this step."""
        action_BA: Floats = self._sum_BHA[:, 0] / self._weight_BH[:, :1]
        for memory in (self._sum_BHA, self._weight_BH, self._count_BH):
            memory[:, :-1] = memory[:, 1:]
            memory[:, -1] = 0
        return action_BA

    def reset(self, slots: list[int]) -> None:
        """Forget all predictions."""
        for memory in (self._sum_BHA, self._weight_BH, self._count_BH):
            memory[slots] = 0
