"""Starting a run of a sweep as a process, and finding out how it ended."""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import attrs

from bczoo.engine.collect import usable_cpus
from bczoo.engine.console import log
from bczoo.engine.lock import is_locked
from bczoo.engine.sweep_files import failure_of, is_done, last_line, run_folder_of, write_failure
from bczoo.engine.sweep_plan import run_name
from bczoo.errors import BczooError, brief

_MOST: Final = 1 << 20  # bytes that are kept of what a failed run printed, the last ones
# What torch, numpy and the libraries below them read when they are imported.
_THREADS: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@attrs.frozen(kw_only=True)
class Place:
    """What one run at a time may use: CPU threads, and a GPU by its name in CUDA_VISIBLE_DEVICES, None for all."""

    threads: int
    gpu: str | None = None

    def environment(self) -> dict[str, str]:
        """The environment of a run; numbers of threads that this process was told are left as they are."""
        env = {name: str(self.threads) for name in _THREADS} | dict(os.environ)
        return env if self.gpu is None else env | {"CUDA_VISIBLE_DEVICES": self.gpu}


@attrs.frozen(kw_only=True)
class Ended:
    """How a run ended: after so many seconds, finished or with an error, the last line of what it printed."""

    seconds: float
    error: str | None


def places(jobs: int | None, runs: int, gpus: list[str]) -> list[Place]:
    """What `jobs` runs side by side use; the CPUs are divided among them, and more jobs than GPUs share these."""
    cpus = usable_cpus()
    count = share(jobs, runs, len(gpus), cpus)
    threads = max(1, cpus // count)
    return [Place(threads=threads, gpu=gpus[i % len(gpus)] if gpus else None) for i in range(count)]


def share(jobs: int | None, runs: int, gpus: int, cpus: int) -> int:
    """How many of a sweep's `runs` go side by side: `jobs`, else as many as there are GPUs, else CPUs."""
    return max(1, min(jobs or gpus or cpus, runs))


def visible_gpus() -> list[str]:
    """The GPUs that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return named.split(",")[:count] if named else [str(i) for i in range(count)]


class RunProcess:
    """A run of the sweep in `folder`, started at once as a process that ends when this one does.

    A crash, a segmentation fault or a shortage of memory costs this run alone. `home` is where it looks for
    demonstrations, as the command that began the sweep did.
    """

    def __init__(self, folder: Path, home: Path, cell: str, seed: int, place: Place) -> None:
        self.folder, self.cell, self.seed, self.place = folder, cell, seed, place
        if is_locked(run_folder_of(folder, cell, seed)):  # by one that a killed sweep has left behind
            log.info(f"{run_name(cell, seed)}: another process is training it; waiting until it has ended")
        try:
            failure_of(folder, cell, seed).unlink(missing_ok=True)
            self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the run has ended
            self._started = time.monotonic()
            self._process = self._begin(home)
        except OSError as error:
            raise BczooError(
                f"{run_name(cell, seed)} cannot be started: {brief(error)}; see to that, then go on with: "
                f"bczoo sweep --resume {shlex.quote(str(folder))}"
            ) from error

    def _begin(self, home: Path) -> "subprocess.Popen[bytes]":
        # What lies about in the folder where the sweep was started must not be taken for a module, unless it was there.
        alone = [] if {"", str(home.absolute())} & set(sys.path) else ["-P"]
        words = [_seen_from(home, self.folder), self.cell, str(self.seed)]
        return subprocess.Popen(
            [sys.executable, *alone, "-m", "bczoo.engine.sweep_child", *words],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env=self.place.environment(),
            # Ctrl-C in a terminal reaches a whole session: here, it is this process that passes it on.
            start_new_session=True,
        )

    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask it to save its state and end."""
        self._process.terminate()

    def leave(self) -> None:
        """Let go of it: it will see that it is alone, save its state and end."""
        if self._process.stdin:
            self._process.stdin.close()

    def end(self, *, stopped: bool) -> Ended:
        """How it ended, waiting for that; if it failed, and was not `stopped`, what it printed is written down."""
        code = self._process.wait()
        self.leave()
        seconds = time.monotonic() - self._started
        text = self._printed()
        self._output.close()
        if code == 0 and is_done(run_folder_of(self.folder, self.cell, self.seed)):
            return Ended(seconds=seconds, error=None)
        if stopped:
            return Ended(seconds=seconds, error="stopped")
        if code < 0:
            text += f"\nerror: {_signal(-code)}\n"
        write_failure(self.folder, self.cell, self.seed, text)
        return Ended(seconds=seconds, error=last_line(failure_of(self.folder, self.cell, self.seed)))

    def _printed(self) -> str:
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, size - _MOST))
        return self._output.read().decode("utf-8", "replace")


def _seen_from(home: Path, folder: Path) -> str:
    """The path of a sweep as its runs should name it: relative to where they work, if it lies below."""
    absolute, top = folder.absolute(), home.absolute()
    return str(absolute.relative_to(top) if absolute.is_relative_to(top) else absolute)


def _signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    hint = ", as the system does where memory is short" if name == "SIGKILL" else ""
    return f"the process was ended by {name}{hint}"
