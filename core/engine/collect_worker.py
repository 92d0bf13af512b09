"""The processes that collect: each records whole shards, told which through a pipe.

Imported by those processes, so nothing here imports torch.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import cast

from bczoo.engine.demo_format import Request
from bczoo.engine.record import Recorder, write_shard
from bczoo.errors import BczooError

# What a process reports: another demonstration done, a shard done, or why it stops.
DEMO_DONE, SHARD_DONE = 1, 2
Report = int | str


def run_workers(request: Request, folder: Path, shards: list[int], count: int, on_demo: Callable[[], None]) -> None:
    """Record `shards` in `count` processes, calling `on_demo` here after every demonstration.

    Raises BczooError with a process's own reason when one fails; the others are then ended.
    """
    todo = iter(shards)
    with _processes(request, folder, count) as workers:
        for pipe in workers:
            pipe.send(next(todo, None))
        busy = dict(workers)
        while busy:
            for pipe in cast(list[Connection], wait(list(busy))):
                report = _receive(pipe, busy[pipe])
                if report == DEMO_DONE:
                    on_demo()
                    continue
                shard = next(todo, None)
                pipe.send(shard)
                if shard is None:
                    del busy[pipe]


@contextmanager
def _processes(request: Request, folder: Path, count: int) -> Iterator[dict[Connection, BaseProcess]]:
    # Spawned, because a forked copy of a process that has used OpenGL or torch threads may hang.
    context = get_context("spawn")
    workers: dict[Connection, BaseProcess] = {}
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, request, folder), daemon=True)
            with _no_main():
                process.start()
            theirs.close()  # or the end of the process would not be seen as the end of the pipe
            workers[ours] = process
        yield workers
    except BaseException:
        for worker in workers.values():
            worker.terminate()
        raise
    finally:
        for pipe, worker in workers.items():
            worker.join()
            pipe.close()


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the script that runs, which a spawned process would otherwise run again, from its first line.

    Parts come from installed packages, so nothing of it is needed there; it may be a script without a guard, a notebook
    or nothing that has a file.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _receive(pipe: Connection, process: BaseProcess) -> Report:
    try:
        report: Report = pipe.recv()
    except (EOFError, ConnectionError):
        process.join()
        raise BczooError(
            f"a collecting process died with exit code {process.exitcode} (its own message is above, if any);"
            " run it again, with fewer workers if memory was short: finished shards are kept"
        ) from None
    if isinstance(report, str):
        raise BczooError(report)
    return report


def _work(pipe: Connection, request: Request, folder: Path) -> None:
    # Ctrl-C reaches the whole group of processes; only the parent answers it, by ending this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An orderly exit, so that a half-written temporary file is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        recorder = Recorder(request)
        while (shard := pipe.recv()) is not None:
            write_shard(recorder, folder, shard, lambda: pipe.send(DEMO_DONE))
            pipe.send(SHARD_DONE)
        recorder.close()
    except BczooError as error:
        pipe.send(str(error))
    except (EOFError, ConnectionError):
        pass  # the parent is gone, and with it the reason to go on
