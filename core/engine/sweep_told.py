"""What people see of a sweep while it runs: a bar over runs with what is running, and a line for each that ends."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bczoo.engine.console import log, progress
from bczoo.engine.judged import read_judged
from bczoo.engine.sweep_files import failure_of, run_folder_of
from bczoo.engine.sweep_plan import run_name
from bczoo.engine.sweep_process import Ended
from bczoo.errors import InputError, clip

_ROOM = 60  # characters for the names of what is running


class Progress:
    """Counts the runs of the sweep in `folder` that are `done`, of `total`, and says how each went."""

    def __init__(self, folder: Path, done: int, total: int, update: Callable[..., None]) -> None:
        self.folder, self.done, self.total = folder, done, total
        self._update = update
        self.runs([])

    def runs(self, running: Sequence[tuple[str, int]]) -> None:
        """These are running now."""
        names = "; ".join(run_name(*run) for run in running)
        self._update(self.done, self.total, note=clip(names, _ROOM))

    def ended(self, cell: str, seed: int, how: Ended) -> None:
        """A run has ended."""
        name = run_name(cell, seed)
        if how.error is None:
            self.done += 1
            log.info(f"{name}: {_result(run_folder_of(self.folder, cell, seed))}, {how.seconds:.0f} s")
        elif how.error != "stopped":
            log.warning(f"{name} failed: {clip(how.error, 300)}; its output is {failure_of(self.folder, cell, seed)}")

    def stopping(self) -> None:
        """A signal has come."""
        log.info("stopping: what is running ends after its present step, with its state saved")


@contextmanager
def told(folder: Path, done: int, total: int, show: bool) -> Iterator[Progress]:
    """Progress with a bar if `show` is true."""
    if not show:
        yield Progress(folder, done, total, lambda *_, **__: None)
        return
    with progress("runs") as update:
        yield Progress(folder, done, total, update)


def _result(folder: Path) -> str:
    try:
        starts = read_judged(folder).starts.values()
    except InputError:
        return "trained, not evaluated"
    return f"success {100 * sum(start.success for start in starts) / len(starts):.1f} % of {len(starts)}"
