"""One run of a sweep, in a process of its own: python -m bczoo.engine.sweep_child FOLDER CELL SEED.

Its standard input is a pipe that nobody writes to. When that ends, whoever started the run is gone, and so that it
does not train on unseen, it ends as after SIGTERM: with its state saved.
"""

import faulthandler
import os
import signal
import sys
import threading
import time
from pathlib import Path

from bczoo.engine.console import log, show_log
from bczoo.engine.experiment import resume, train_in
from bczoo.engine.lock import is_locked
from bczoo.engine.sweep_files import is_done, run_folder_of
from bczoo.engine.sweep_plan import check_run, read_plan
from bczoo.errors import BczooError
from bczoo.specfile import spec_from_table

_PATIENCE = 0.5  # seconds between looks at a run that another process still trains


def run_one(sweep: Path, name: str, seed: int) -> None:
    """Train and judge the run, or go on with it; raises BczooError for whatever goes wrong."""
    cell = next(cell for cell in read_plan(sweep).cells if cell.name == name)
    folder = run_folder_of(sweep, name, seed)
    _wait_for(folder)
    if is_done(folder):
        return
    if (folder / "spec.toml").is_file():
        check_run(cell, seed, folder)
        resume(folder, show=False)
    else:
        _remove_beginnings(folder)
        train_in(spec_from_table(cell.spec | {"seed": seed}), folder, show=False)


def _wait_for(folder: Path) -> None:
    """Until nobody else trains the run: of a sweep that was killed, a run may still be about to save its state."""
    if is_locked(folder):
        log.info(f"another process is training {folder}; waiting until it has ended")
    while is_locked(folder):
        time.sleep(_PATIENCE)


def _remove_beginnings(folder: Path) -> None:
    """What a kill has left of a run before it had a spec, without which it is none; raises BczooError for the rest."""
    for path in sorted(folder.glob("*")):
        if path.name == "versions.json" or path.name.endswith(".tmp"):
            path.unlink(missing_ok=True)
        else:
            raise BczooError(f"{path} is in the way of a run; move it away, then resume the sweep")
    if folder.is_dir():
        folder.rmdir()


def _end_with_parent() -> None:
    """Send this process SIGTERM when its standard input ends."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Do what the command line says; what goes wrong is its last line."""
    faulthandler.enable()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    show_log()
    try:
        run_one(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    except BczooError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
