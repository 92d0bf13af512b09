"""What people see while something long is running: one console, log lines and progress bars on it."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bczoo.engine.rank import is_main
from bczoo.hooks import hookimpl

if TYPE_CHECKING:
    from bczoo.engine.run import Run

console = Console(stderr=True, highlight=False)
log = logging.getLogger("bczoo")


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        console.print(self.format(record), markup=False, soft_wrap=True)


def show_log() -> None:
    """Print bczoo's log to standard error; called by the command line, not by the library.

    Of several processes the first speaks for all; the others say only what went wrong.
    """
    if not log.handlers:
        log.addHandler(_Handler())
        log.setLevel(logging.INFO if is_main() else logging.WARNING)


def _bar() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def progress(description: str) -> Iterator[Callable[..., None]]:
    """A bar for something that reports (done, total), and how many of them succeeded or another note."""
    with _bar() as bar:
        task = bar.add_task(description, total=None, note="")

        def update(done: int, total: int, successes: int | None = None, note: str = "") -> None:
            note = note if successes is None else f"{successes} succeeded"
            bar.update(task, completed=done, total=total, note=note)

        yield update


class TrainingProgress:
    """A bar over optimiser steps, and one line an epoch, made of the lifecycle hooks alone."""

    def __init__(self) -> None:
        self.bar = _bar()
        self.task: TaskID | None = None
        self.start, self.samples = 0.0, 0

    @hookimpl
    def bczoo_fit_start(self, run: "Run") -> None:
        """Show the bar."""
        self.start, self.samples = time.perf_counter(), run.samples
        self.task = self.bar.add_task("training", total=run.total_steps, completed=run.step, note="")
        self.bar.start()

    @hookimpl
    def bczoo_step_end(self, run: "Run") -> None:
        """Move the bar."""
        if self.task is not None and not self.bar.disable:
            seconds = time.perf_counter() - self.start
            note = f"{(run.samples - self.samples) / seconds:,.0f} samples/s"
            self.bar.update(self.task, completed=run.step, note=note)

    @hookimpl
    def bczoo_epoch_end(self, run: "Run", metrics: dict[str, Any]) -> None:
        """Say how the epoch went."""
        rate, share = metrics["samples_per_s"], metrics["data_share"]
        log.info(
            f"epoch {run.epoch:>3}  step {run.step:>6}/{run.total_steps}  train {metrics['train_loss']:.5f}  "
            f"val {metrics['val_loss']:.5f}  {_success(metrics)}lr {metrics['lr']:.2g}  {rate:,.0f} samples/s  "
            f"data {share:.0%}"
        )

    @hookimpl
    def bczoo_fit_end(self) -> None:
        """Take the bar away."""
        self.bar.stop()


def _success(metrics: dict[str, Any]) -> str:
    return f"success {metrics['success_rate']:.0%}  " if "success_rate" in metrics else ""
