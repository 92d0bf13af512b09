"""Sweeps: one run for every combination of levels and seeds, each in a process of its own, resumable; for Python."""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from bczoo.engine.sweep_grid import make_plan
from bczoo.engine.sweep_levels import checked_seeds
from bczoo.engine.sweep_plan import PLAN, SWEEPS, Plan
from bczoo.engine.sweep_results import SweepResults, read_sweep
from bczoo.errors import BczooError, InputError

Ray = str | Literal[True] | None


def sweep(
    spec: str | Path | Sequence[str | Path],
    *,
    vary: Mapping[str, Sequence[Any]] | None = None,
    seeds: int | Iterable[int] = 3,
    overrides: Iterable[str] = (),
    one_at_a_time: bool = False,
    name: str | None = None,
    jobs: int | None = None,
    ray: Ray = None,
    show: bool = True,
) -> SweepResults:
    """Train and judge a spec, or several, at every combination of the levels in `vary`, with every seed.

    `vary` gives the levels of keys: {"policy.backbone.pool": ["avg", "spatial_softmax"]}; `seeds` how many, or which;
    with `one_at_a_time`, each cell but the base differs from it in one key. `overrides` are as for load_spec. All goes
    to sweeps/NAME. `jobs` runs go side by side, by default one a GPU, else one a CPU; with `ray`, they are tasks on a
    Ray cluster, at that address, or, if True, the one there is or one of this machine.

    A run that fails costs nothing but itself; SweepResults tell which. Raises BczooError, before anything is made, for
    all that can be known to be wrong with any of the cells, and after a signal, once states are saved.
    """
    plan = plan_sweep(
        [spec] if isinstance(spec, (str, Path)) else spec,
        vary=vary or {},
        seeds=seeds,
        overrides=overrides,
        one_at_a_time=one_at_a_time,
    )
    return begin_sweep(plan, name=name, jobs=jobs, ray=ray, show=show)


def plan_sweep(
    specs: Sequence[str | Path],
    *,
    vary: Mapping[str, Sequence[Any]],
    seeds: int | Iterable[int],
    overrides: Iterable[str] = (),
    one_at_a_time: bool = False,
) -> Plan:
    """What `sweep` will run; raises InputError with all mistakes in all cells, without importing torch."""
    return make_plan(
        specs,
        overrides=[*overrides],
        vary=vary,
        seeds=checked_seeds(seeds),
        design="one-at-a-time" if one_at_a_time else "grid",
    )


def begin_sweep(
    plan: Plan, *, name: str | None = None, jobs: int | None = None, ray: Ray = None, show: bool = True
) -> SweepResults:
    """Run what a plan says; see `sweep`."""
    folder = _new_folder(plan, name)

    from bczoo.engine.run import make_folder
    from bczoo.engine.sweep_run import check_cells, go_on
    from bczoo.files import write_json

    check_cells(plan)
    _check_ray(ray)
    make_folder(folder)
    try:
        write_json(folder / PLAN, plan.as_json())
    except BczooError:  # a folder without a plan could neither be resumed nor begun again
        folder.rmdir()
        raise
    return go_on(folder, jobs=jobs, ray=ray, show=show)


def resume_sweep(folder: str | Path, *, jobs: int | None = None, ray: Ray = None, show: bool = True) -> SweepResults:
    """Go on with a sweep, however it ended: finished runs stay, all the others are resumed, tried again, or begun.

    Raises InputError where there is no sweep, or another process is running it.
    """
    folder = Path(folder)
    found = read_sweep(folder)  # a run that is damaged, or not the sweep's, is reported before anything starts
    if found.count("done") == len(found.runs):  # it may lie where nobody can write any more
        return found
    _check_ray(ray)

    from bczoo.engine.sweep_run import go_on

    return go_on(folder, jobs=jobs, ray=ray, show=show)


def _check_ray(ray: Ray) -> None:
    """Raise InputError if Ray is wanted and not installed."""
    if ray:
        from bczoo.engine.sweep_ray import find_ray

        find_ray()


def _new_folder(plan: Plan, name: str | None) -> Path:
    """The folder a sweep will live in; raises InputError when there is one already."""
    if name is not None and (not name or Path(name).name != name or name in (".", "..")):
        raise InputError(f"--name {name}: give a plain name, without folders; the sweep goes to {SWEEPS}/NAME")
    folder = SWEEPS / (name or f"{plan.specs[0].name}-{datetime.now():%Y%m%d-%H%M%S}")
    if os.path.lexists(folder):
        go_on = f"go on with: bczoo sweep --resume {shlex.quote(str(folder))}, " if (folder / PLAN).is_file() else ""
        raise InputError(
            f"{folder} exists and will not be overwritten; {go_on}choose another name with --name, or delete it"
        )
    return folder
