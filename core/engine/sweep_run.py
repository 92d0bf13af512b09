"""Running what is left of a sweep: what can be known to be wrong, demonstrations, then the runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from bczoo.engine.console import log
from bczoo.engine.demo_format import META, canonical
from bczoo.engine.demonstrate import collect_with_bar, folder_of, request_of
from bczoo.engine.experiment import refuse_impossible
from bczoo.engine.home import home_of
from bczoo.engine.lock import held
from bczoo.engine.sweep_files import is_done, run_folder_of, write_failure
from bczoo.engine.sweep_local import run_locally
from bczoo.engine.sweep_plan import PLAN, CellPlan, Plan, read_plan
from bczoo.engine.sweep_process import places, visible_gpus
from bczoo.engine.sweep_results import SweepResults, read_sweep
from bczoo.engine.sweep_told import told
from bczoo.errors import BczooError, SpecError, clip, first_of
from bczoo.schema import Mistakes
from bczoo.spec import Data, Spec
from bczoo.specfile import spec_from_table

if TYPE_CHECKING:
    from bczoo.engine.sweep import Ray

_NO_PARTS: Final = {"name", "seed", "data", "train", "callbacks"}  # tables of a spec that no part is fitted to


def check_cells(plan: Plan) -> None:
    """Raise InputError for cells whose parts do not fit each other or the env, or that ask for the impossible."""
    specs = {cell.name: spec_from_table(cell.spec) for cell in plan.cells}
    known: dict[str, str | None] = {}
    mistakes = []
    for cell in plan.cells:
        # Whether parts fit does not depend on how they are trained, and to find out takes time.
        parts = canonical({key: table for key, table in cell.spec.items() if key not in _NO_PARTS})
        if parts not in known:
            known[parts] = _impossible(specs[cell.name])
        found = (known[parts], _on_one_gpu(specs[cell.name]))
        mistakes += [f"cell {cell.name}: {mistake}" for mistake in found if mistake]
    mistakes += _torn_demos(plan, specs)
    if mistakes:
        raise SpecError(first_of(mistakes, 50))


def go_on(folder: Path, *, jobs: int | None, ray: "Ray", show: bool) -> SweepResults:
    """Run what is not done of the sweep in `folder`, and read what has come of it."""
    with held(folder / PLAN, f"another process is running {folder}; wait until it has ended, or end it, then resume"):
        _run_all(folder, read_plan(folder), jobs, ray, show)
        return read_sweep(folder)


def _run_all(folder: Path, plan: Plan, jobs: int | None, ray: "Ray", show: bool) -> None:
    """Run what is not done, here or on Ray."""
    home, runs = home_of(folder), len(plan.runs)
    left = [(cell, seed) for cell, seed in plan.runs if not is_done(run_folder_of(folder, cell.name, seed))]
    finished = runs - len(left)
    seeds = clip(", ".join(map(str, plan.seeds)), 60)
    log.info(f"{folder}: runs {runs}, finished {finished}; cells {len(plan.cells)}, seeds {seeds}")
    specs = _specs(folder, plan)
    runnable = _with_demos(folder, home, left, specs, show)
    on_gpus = any(spec.train.device != "cpu" for spec in specs.values())
    with told(folder, finished, runs, show) as progress:
        if ray and runnable:
            from bczoo.engine.sweep_ray import run_on_ray

            run_on_ray(ray, folder, home, runnable, jobs=jobs, runs=runs, with_gpus=on_gpus, progress=progress)
        elif runnable:
            slots = places(jobs, runs, visible_gpus() if on_gpus else [])
            run_locally(folder, home, runnable, slots, progress)


def _specs(folder: Path, plan: Plan) -> dict[str, Spec]:
    """The specs of cells by their names; raises SpecError where this bczoo, or what is installed, cannot read them."""
    found: dict[str, Spec] = {}
    mistakes: dict[str, str] = {}  # and the first cell that has it
    for cell in plan.cells:
        try:
            found[cell.name] = spec_from_table(cell.spec)
        except Mistakes as error:
            mistakes |= {str(mistake): cell.name for mistake in error.mistakes if str(mistake) not in mistakes}
    if mistakes:
        place = f"{folder / PLAN}, made by bczoo {plan.bczoo}"
        raise SpecError(first_of([f"{place}: cell {name}: {mistake}" for mistake, name in mistakes.items()]))
    return found


def _with_demos(
    folder: Path, home: Path, left: Sequence[tuple[CellPlan, int]], specs: Mapping[str, Spec], show: bool
) -> list[tuple[str, int]]:
    """The runs that have demonstrations, collected where they are absent: once for all that share them.

    Where that fails, the runs that need them have failed.
    """
    known: dict[Path, str | None] = {}
    found = []
    for cell, seed in left:
        spec = specs[cell.name]
        place = home / folder_of(spec)
        if place not in known:
            known[place] = _collected(spec, place, show)
        reason = known[place]
        if reason is None:
            found.append((cell.name, seed))
            continue
        write_failure(folder, cell.name, seed, f"error: {reason}\n")
    return found


def _collected(spec: Spec, place: Path, show: bool) -> str | None:
    """Why there are no demonstrations at a place, None if there are."""
    if (place / META).exists():
        return None
    try:
        collect_with_bar(request_of(spec.env, spec.data), place, show=show)
    except BczooError as error:
        log.warning(f"no demonstrations in {place}: {error}")
        return str(error)
    return None


def _torn_demos(plan: Plan, specs: Mapping[str, Spec]) -> list[str]:
    """Cells that ask for different demonstrations in the same folder, where the second would find the first's.

    Where there are some already, and specs or envs differ, that is what may be meant; to vary what is collected is not.
    """
    varied = {axis.key for axis in plan.vary}
    if "data" in varied:
        varied |= {f"data.{field.name}" for field in attrs.fields(Data)}
    asked: dict[Path, tuple[str, dict[str, Any]]] = {}
    mistakes = []
    for cell in plan.cells:
        spec = specs[cell.name]
        if not spec.data.path:  # each gets its own
            continue
        folder, request = folder_of(spec), request_of(spec.env, spec.data).table()
        name, other = asked.setdefault(folder, (cell.name, request))
        apart = {f"data.{key}" for key in request if canonical(request[key]) != canonical(other[key])}
        if apart & varied or (apart and not (folder / META).exists()):
            mistakes.append(
                f"cells {name} and {cell.name} ask for different demonstrations in the same folder, {folder}; leave "
                "data.path out, and each gets its own"
            )
    return mistakes


def _impossible(spec: Spec) -> str | None:
    """Why the parts of a spec do not fit each other or the env; None where they do."""
    try:
        refuse_impossible(spec)
    except BczooError as error:
        return str(error)
    return None


def _on_one_gpu(spec: Spec) -> str | None:
    if not spec.train.device.startswith("cuda:"):
        return None
    return f"train.device = {spec.train.device!r} would put all runs on one GPU; write 'cuda', and they are spread"
