"""The processes of one training run, and what they have to agree on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from bczoo.errors import BczooError

T = TypeVar("T")
# How long processes wait for one that is rolling out or saving.
PATIENCE = timedelta(hours=1)


class Team:
    """One or several processes. What they tell each other here goes through the hosts, not through the devices."""

    def __init__(self) -> None:
        """Of all processes that torchrun has started; alone without it."""
        together = dist.is_available() and dist.is_initialized()
        self.rank, self.size = (dist.get_rank(), dist.get_world_size()) if together else (0, 1)
        # NCCL would make the host wait for the device at every step.
        self._group: Any = dist.new_group(backend="gloo", timeout=PATIENCE) if self.size > 1 else None

    def agree(self, wishes: Sequence[bool]) -> list[bool]:
        """Which wishes any of the processes has: the same answer in all of them."""
        if self.size == 1:
            return list(wishes)
        votes = torch.tensor(wishes, dtype=torch.uint8)
        with self.deaths():
            dist.all_reduce(votes, op=dist.ReduceOp.MAX, group=self._group)
        return [bool(vote) for vote in votes]

    def total(self, *values: float) -> list[float]:
        """The sums of numbers over all processes."""
        if self.size == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64)
        with self.deaths():
            dist.all_reduce(sums, group=self._group)
        sums_list: list[float] = sums.tolist()
        return sums_list

    def mean(self, value: float) -> float:
        """The mean of a number over all processes."""
        return self.total(value)[0] / self.size

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """The means of numbers by name over all processes; one that does not know a name counts with 0."""
        told = self.all(dict(values))
        names = dict.fromkeys(name for each in told for name in each)
        return {name: sum(each.get(name, 0.0) for each in told) / self.size for name in names}

    def first(self, find: Callable[[], T]) -> T:
        """What only the first process finds, told to all."""
        if self.size == 1:
            return find()
        told: list[Any] = [find() if self.rank == 0 else None]
        with self.deaths():
            dist.broadcast_object_list(told, src=0, group=self._group)
        found: T = told[0]
        return found

    def all(self, value: T) -> list[T]:
        """The values of all processes, in all of them."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        with self.deaths():
            dist.all_gather_object(values, value, group=self._group)
        return values

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes in order, in the first process; nothing in the others."""
        if self.size == 1:
            return [value]
        values = [None] * self.size if self.rank == 0 else None
        with self.deaths():
            dist.gather_object(value, values, dst=0, group=self._group)
        return values or []

    @contextmanager
    def deaths(self) -> Iterator[None]:
        """Say in a sentence that another process has died, which torch tells as a broken connection."""
        try:
            yield
        except RuntimeError as error:
            if self.size == 1 or not _broken_connection(error):
                raise
            raise BczooError(
                f"process {self.rank} of {self.size} has lost the others: one of them has died. "
                "Saved states are intact; start all of them again with --resume"
            ) from error


def _broken_connection(error: RuntimeError) -> bool:
    said = str(error).lower()
    signs = ("connection", "peer", "timed out", "broken pipe", "gloo", "nccl")
    return isinstance(error, dist.DistError) or any(sign in said for sign in signs)
