"""A command that runs in the background and can be made to stand still, so that two of them can take turns."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rows import NotRun


class Command:
    """A running command with its child processes, started at once; its output goes to a log file."""

    def __init__(self, name: str, command: Sequence[str], env: dict[str, str], folder: Path) -> None:
        """Run in `folder`, which gets the log, NAME.log."""
        self.name, self.log_path = name, folder / f"{name}.log"
        self._file = self.log_path.open("w")
        self.process = subprocess.Popen(
            command, env=env, cwd=folder, stdout=self._file, stderr=subprocess.STDOUT, start_new_session=True
        )

    @property
    def log(self) -> str:
        """Everything it has said so far."""
        return self.log_path.read_text(errors="replace")

    def wait_for(self, condition: Callable[[], bool], poll: float = 0.2) -> None:
        """Until the condition holds; raises NotRun when the command ends before that."""
        while not condition():
            if self.process.poll() is not None:
                raise NotRun(f"{self.name} ended: {self._last_words()}")
            time.sleep(poll)

    @property
    def cpu_seconds(self) -> float:
        """What it and its children have computed so far, which a busy machine does not lengthen."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            if int(fields[2]) == self.process.pid:  # its process group
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def finish(self) -> None:
        """Wait for its end; raises NotRun when it fails."""
        if self.process.wait():
            raise NotRun(f"{self.name} failed: {self._last_words()}")

    def _last_words(self) -> str:
        return (self.log.strip().splitlines() or ["without a word"])[-1]

    def stop(self) -> None:
        """Make it and its children stand still."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go(self) -> None:
        """Let it go on."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._file.close()
