"""From windows to batches on the device, read ahead while the device computes."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor

from bczoo.engine.clock import Clock
from bczoo.engine.parts import Batch
from bczoo.engine.windows import Windows

T = TypeVar("T")
AHEAD = 2  # batches ready and waiting; more would only take memory


class Loader:
    """Batches of windows, on the device; `clock` learns how long was waited for "data" and "transfer"."""

    def __init__(self, windows: Windows, device: torch.device, clock: Clock) -> None:
        self.windows, self.device, self.clock = windows, device, clock
        self._pinned = device.type == "cuda" and windows.frames.device.type == "cpu"

    @contextmanager
    def batches(self, indices: Iterable[Tensor]) -> Iterator[Iterator[Batch]]:
        """The windows of each of `indices`, in order; nothing is read any more when the block is left."""
        if self.windows.frames.device.type != "cpu" or self.windows.features is not None:
            # Gathered on the device itself, or from memory: nothing to wait for.
            yield self._timed(map(self.windows.batch, indices))
            return
        with ahead(map(self._read, indices)) as read:
            yield self._timed(read)

    def _read(self, index: Tensor) -> Batch:
        batch = self.windows.batch(index)
        # Only from pinned memory does a copy run beside the computation.
        return batch.each(lambda tensor: tensor.pin_memory()) if self._pinned else batch

    def _timed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        while True:
            with self.clock.on_host("data"):
                batch = next(batches, None)
            if batch is None:
                return
            with self.clock.on_device("transfer"):
                batch = batch.to(self.device)
            yield batch


@contextmanager
def ahead(items: Iterator[T], size: int = AHEAD) -> Iterator[Iterator[T]]:
    """Take items in a thread of their own, at most `size` in advance; its exceptions are raised where they are used."""
    ready: queue.Queue[Any] = queue.Queue(size)
    over = threading.Event()

    def put(item: Any) -> bool:
        while not over.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((item, None)):
                    return
            put(None)
        except BaseException as error:  # whatever it is, it belongs to the thread that waits
            put((None, error))

    thread = threading.Thread(target=work, name="bczoo-ahead", daemon=True)
    thread.start()
    try:
        yield _taken(ready.get)
    finally:
        over.set()
        thread.join()


def _taken(get: Callable[[], Any]) -> Iterator[Any]:
    while (pair := get()) is not None:
        item, error = pair
        if error is not None:
            raise error
        yield item
