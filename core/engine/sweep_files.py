"""Where the runs of a sweep are, and whether they are done; without the statistics, which runs need not wait for."""

from pathlib import Path

from bczoo.engine.sweep_plan import run_name
from bczoo.errors import BczooError
from bczoo.files import write_text


def run_folder_of(folder: Path, cell: str, seed: int) -> Path:
    """Where a run of the sweep in `folder` lives."""
    return folder / "runs" / run_name(cell, seed)


def failure_of(folder: Path, cell: str, seed: int) -> Path:
    """The file that holds what a run printed, if it failed."""
    return folder / "failed" / f"{run_name(cell, seed)}.txt"


def write_failure(folder: Path, cell: str, seed: int, text: str) -> None:
    """Write down what a run printed that has failed; raises BczooError where nothing can be written."""
    path = failure_of(folder, cell, seed)
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise BczooError(f"cannot create {path.parent}: {error.strerror}; free space, then resume the sweep") from error
    write_text(path, text)


def is_done(folder: Path) -> bool:
    """Whether the run in `folder` is finished."""
    return (folder / "eval.json").is_file()


def last_line(path: Path) -> str:
    """The last line of a text file that says something."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise BczooError(f"cannot read {path}: {error.strerror}") from error
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
