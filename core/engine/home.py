"""Where a run or a sweep was started, from where its specs may name places."""

from pathlib import Path

from bczoo.engine.run import RUNS
from bczoo.engine.sweep_plan import PLAN, SWEEPS


def started_in(folder: Path) -> Path:
    """Where the run in `folder` was started, alone or by a sweep; here, if it was moved since."""
    runs = folder.absolute().parent
    if runs.name != RUNS.name:
        return Path()
    return home_of(runs.parent) if (runs.parent / PLAN).is_file() else runs.parent


def home_of(folder: Path) -> Path:
    """Where the sweep in `folder` was started; here, if it was moved since."""
    sweeps = folder.absolute().parent
    here = sweeps.name != SWEEPS.name or sweeps.parent == Path.cwd()
    return Path() if here else sweeps.parent
