"""Two processes must not train the same run, or sweep: each would write over what the other has just written."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from bczoo.engine.team import Team
from bczoo.errors import BczooError, InputError


@contextmanager
def locked(folder: Path, team: Team) -> Iterator[None]:
    """Keep the run in `folder` to this team; raises InputError, in all its processes, while another one has it.

    The first process locks spec.toml, which is never written again. The system takes the lock back when that process
    ends, however it ends. Where the file system knows no locks, and on Windows, nothing is locked.
    """
    with ExitStack() as opened:
        if team.first(lambda: _is_taken(opened.enter_context(_opened(folder / "spec.toml")))):
            raise InputError(f"another process is training {folder}; wait until it has ended, or end it, then resume")
        yield


def is_locked(folder: Path) -> bool:
    """Whether a process is training the run in `folder`."""
    path = folder / "spec.toml"
    if not path.is_file():
        return False
    with _opened(path) as file:
        return _is_taken(file)


@contextmanager
def held(path: Path, taken: str) -> Iterator[None]:
    """Lock a file that is never written again, in the same way; raises InputError, saying `taken`, if it is."""
    with _opened(path) as file:
        if _is_taken(file):
            raise InputError(taken)
        yield


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("r+b")  # a network's file system locks only what may be written
    except OSError as error:
        raise BczooError(f"cannot open {path}: {error.strerror}; go on where you may write it") from error


def _is_taken(file: BinaryIO) -> bool:
    """Whether another process has locked the file; if not, this one now has."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False
