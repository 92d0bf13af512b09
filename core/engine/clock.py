"""Where the time goes: seconds by kind of work, without making the host wait for the device."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Clock:
    """Adds up seconds by name. On CUDA they are the device's own, measured by events and read at `settle`."""

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        self._events: list[tuple[str, torch.cuda.Event, torch.cuda.Event]] = []
        self.seconds: dict[str, float] = {}
        self.started = time.perf_counter()

    @contextmanager
    def on_device(self, name: str) -> Iterator[None]:
        """Work that the device does, perhaps later."""
        if not self._cuda:
            with self.on_host(name):
                yield
            return
        start, end = _event(), _event()
        start.record()
        yield
        end.record()
        self._events.append((name, start, end))

    @contextmanager
    def on_host(self, name: str) -> Iterator[None]:
        """Work that the host does, or waits for."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - start)

    def add(self, name: str, seconds: float) -> None:
        """Count seconds that were measured elsewhere."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def settle(self) -> None:
        """Read the events so far; makes the host wait, so call it where it waits anyway."""
        if self._events:
            torch.cuda.synchronize()
        for name, start, end in self._events:
            self.add(name, start.elapsed_time(end) / 1e3)
        self._events.clear()

    def shares(self) -> dict[str, float]:
        """Each kind's share of the time since the start, the largest first; what is left is "other"."""
        total = time.perf_counter() - self.started
        known = sorted(self.seconds.items(), key=lambda item: -item[1])
        rest = max(0.0, total - sum(self.seconds.values()))
        return {name: seconds / total for name, seconds in [*known, ("other", rest)]}


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
