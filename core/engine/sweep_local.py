"""Running a sweep on this machine: so many processes side by side, each with its share of CPUs and GPUs."""

import shlex
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bczoo.engine.interrupt import Interrupts
from bczoo.engine.sweep_process import Place, RunProcess
from bczoo.engine.sweep_told import Progress
from bczoo.errors import BczooError

_LOOK: Final = 0.05  # seconds between looks at the processes


class Stopped(BczooError):
    """A sweep was stopped by a signal, after its runs had saved their states; exit code 128 plus its number."""

    def __init__(self, number: int, folder: Path, done: int, total: int) -> None:
        super().__init__(
            f"{signal.Signals(number).name} with {done} of {total} runs finished; the states of the others are saved, "
            f"go on with: bczoo sweep --resume {shlex.quote(str(folder))}"
        )
        self.exit_code = 128 + number


def run_locally(
    folder: Path, home: Path, left: Sequence[tuple[str, int]], slots: Sequence[Place], progress: Progress
) -> None:
    """Run cells with their seeds, in order, one a slot at a time.

    After SIGINT or SIGTERM none begins, those that run save their states and end, and then Stopped is raised.
    """
    waiting, free, running = iter(left), [*slots], list[RunProcess]()
    interrupts, told = Interrupts(), False
    try:
        with interrupts:
            while True:
                if interrupts.number and not told:
                    told = True
                    for process in running:
                        process.stop()
                    progress.stopping()
                if not interrupts.number:
                    while free and (following := next(waiting, None)) is not None:
                        running.append(RunProcess(folder, home, *following, free.pop(0)))
                    progress.runs([(process.cell, process.seed) for process in running])
                if not running:
                    break
                time.sleep(_LOOK)
                for process in [process for process in running if not process.runs()]:
                    running.remove(process)
                    free.append(process.place)
                    progress.ended(process.cell, process.seed, process.end(stopped=told))
    finally:
        for process in running:
            process.leave()
    if interrupts.number:
        raise Stopped(interrupts.number, folder, progress.done, progress.total)
