"""LeRobot in a virtual environment of its own, and processes that run in it.

The environment is made at the first use in build/bench/lerobot; BCZOO_BENCH_LEROBOT names the Python of another one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from peer.pipe import Arrays, receive, send
from rows import NotRun

VERSION = "0.6.1"
BENCH = Path(__file__).parent
HOME = BENCH.parent / "build" / "bench" / "lerobot"


def peer_python() -> Path:
    """The Python of an environment that has LeRobot; raises NotRun where none can be had."""
    if given := os.environ.get("BCZOO_BENCH_LEROBOT"):
        python = Path(given)
        if not _version(python):
            raise NotRun(f"BCZOO_BENCH_LEROBOT={given} is no Python with LeRobot.")
        return python
    python = HOME / "bin" / "python"
    if not _version(python):
        _install(python)
    return python


def peer_version(python: Path) -> str:
    """LeRobot and its torch, with their versions."""
    return _version(python) or "LeRobot"


def _version(python: Path) -> str | None:
    code = 'from importlib.metadata import version as v; print(f\'LeRobot {v("lerobot")} (torch {v("torch")})\')'
    if not python.exists():
        return None
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def _install(python: Path) -> None:
    base = _base_python()
    if base is None:
        raise NotRun("LeRobot needs Python 3.12 or newer, and none was found.")
    print(f"installing LeRobot {VERSION} into {HOME}", file=sys.stderr, flush=True)
    steps = (
        [base, "-m", "venv", "--clear", HOME],
        [python, "-m", "pip", "install", "--quiet", f"lerobot[training]=={VERSION}"],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise NotRun(f"LeRobot {VERSION} cannot be installed: {last}")


def _base_python() -> str | None:
    if sys.version_info >= (3, 12):
        return sys.executable
    found = [shutil.which("python3.12"), *sorted(map(str, Path.home().glob(".pyenv/versions/3.12.*/bin/python")))]
    # A name on the path may be pyenv's, of a version that is not switched on.
    return next((path for path in found if path and _runs(path)), None)


def _runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def peer_env(threads: int) -> dict[str, str]:
    """Environment variables for LeRobot's processes: `threads` for torch, and nothing looked up on the network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OMP_", "MKL_"))}
    return kept | {
        "PYTHONPATH": str(BENCH),
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def run_peer(module: str, *args: Any) -> None:
    """Run one of the programs in peer/ to its end; raises NotRun with its last words if it fails."""
    done = subprocess.run(
        [peer_python(), "-m", f"peer.{module}", *map(str, args)], env=peer_env(1), capture_output=True, text=True
    )
    if done.returncode:
        raise NotRun(f"{module} failed in LeRobot's environment: {(done.stderr.strip().splitlines() or [''])[-1]}")


class Peer:
    """A program of peer/ that answers messages; it stands still between them."""

    def __init__(self, module: str, *args: Any, threads: int) -> None:
        command = [peer_python(), "-m", f"peer.{module}", *map(str, args)]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe would fill up unread
        self.process = subprocess.Popen(
            command, env=peer_env(threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said
        )
        self._answer()

    def ask(self, **request: Any) -> Arrays:
        """One question, one answer."""
        send(self.process.stdin, request)
        return self._answer()

    def _answer(self) -> Arrays:
        answer = receive(self.process.stdout)
        if answer is None:
            self._said.seek(0)
            last = (self._said.read().decode().strip().splitlines() or ["no message"])[-1]
            raise NotRun(f"LeRobot's side ended: {last}")
        return answer

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self._said.close()
