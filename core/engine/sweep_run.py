"""Running what is left of a sweep: what can be known to be wrong, demonstrations, then the runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bczoo.engine.collect import Request
from bczoo.engine.console import log
from bczoo.engine.demo_format import META, canonical
from bczoo.engine.demonstrate import collect_with_bar, folder_of, request_of
from bczoo.engine.experiment import refuse_impossible
from bczoo.engine.lock import held
from bczoo.engine.sweep_files import failure_of, is_done, run_folder_of
from bczoo.engine.sweep_local import run_locally
from bczoo.engine.sweep_plan import PLAN, CellPlan, Plan, home_of, read_plan
from bczoo.engine.sweep_process import places, visible_gpus
from bczoo.engine.sweep_results import SweepResults, read_sweep
from bczoo.engine.sweep_told import told
from bczoo.errors import BczooError, InputError, SpecError
from bczoo.files import write_text
from bczoo.spec import Spec
from bczoo.specfile import spec_from_table

if TYPE_CHECKING:
    from bczoo.engine.sweep import Ray


def check_cells(plan: Plan, ray: "Ray" = None) -> None:
    """Raise InputError for cells whose parts do not fit each other or the env, or that ask for the impossible."""
    if ray:
        from bczoo.engine.sweep_ray import find_ray

        find_ray()
    mistakes = []
    for cell in plan.cells:
        try:
            spec = _spec(cell)
            refuse_impossible(spec)
            _check_device(spec)
        except BczooError as error:
            mistakes.append(f"cell {cell.name}: {error}")
    mistakes += _torn_demos(plan)
    if mistakes:
        raise SpecError(dict.fromkeys(mistakes))


def go_on(folder: Path, *, jobs: int | None, ray: "Ray", show: bool) -> SweepResults:
    """Run what is not done of the sweep in `folder`, and read what has come of it."""
    plan, home = read_plan(folder), home_of(folder)
    if ray:
        from bczoo.engine.sweep_ray import find_ray

        find_ray()
    with held(folder / PLAN, f"another process is running {folder}; wait until it has ended, or end it, then resume"):
        read_sweep(folder)  # a run that is damaged, or not the sweep's, is reported before anything starts
        left = [(cell, seed) for cell, seed in plan.runs if not is_done(run_folder_of(folder, cell.name, seed))]
        finished = len(plan.runs) - len(left)
        seeds = ", ".join(map(str, plan.seeds))
        log.info(f"{folder}: runs {len(plan.runs)}, finished {finished}; cells {len(plan.cells)}, seeds {seeds}")
        runnable = _with_demos(folder, home, left, show)
        with told(folder, finished, len(plan.runs), show) as progress:
            if ray and runnable:
                from bczoo.engine.sweep_ray import run_on_ray

                gpus = not _only_cpu(plan)
                runs = len(plan.runs)
                run_on_ray(ray, folder, home, runnable, jobs=jobs, runs=runs, with_gpus=gpus, progress=progress)
            elif runnable:
                found = [] if _only_cpu(plan) else visible_gpus()
                run_locally(folder, home, runnable, places(jobs, len(plan.runs), found), progress)
        return read_sweep(folder)


def _with_demos(folder: Path, home: Path, left: Sequence[tuple[CellPlan, int]], show: bool) -> list[tuple[str, int]]:
    """The runs that have demonstrations, collected where they are absent: once for all that share them.

    Where that fails, the runs that need them have failed.
    """
    known: dict[Path, str | None] = {}
    found = []
    for cell, seed in left:
        spec = _spec(cell)
        place = home / folder_of(spec)
        if place not in known:
            known[place] = _collected(spec, place, show)
        reason = known[place]
        if reason is None:
            found.append((cell.name, seed))
            continue
        failure = failure_of(folder, cell.name, seed)
        failure.parent.mkdir(exist_ok=True)
        write_text(failure, f"error: {reason}\n")
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


def _torn_demos(plan: Plan) -> list[str]:
    """Cells that would collect different demonstrations into the same folder, where the second would find the first."""
    asked: dict[Path, tuple[str, Request]] = {}
    mistakes = []
    for cell in plan.cells:
        spec = _spec(cell)
        folder, request = folder_of(spec), request_of(spec.env, spec.data)
        name, other = asked.setdefault(folder, (cell.name, request))
        if canonical(other.table()) != canonical(request.table()) and not (folder / META).exists():
            mistakes.append(
                f"cells {name} and {cell.name} ask for different demonstrations in the same folder, {folder}; leave "
                "data.path out, and each gets its own"
            )
    return mistakes


def _check_device(spec: Spec) -> None:
    if spec.train.device.startswith("cuda:"):
        raise InputError(
            f"train.device = {spec.train.device!r} would put all runs on one GPU; write 'cuda', and they are spread"
        )


def _only_cpu(plan: Plan) -> bool:
    return all(_spec(cell).train.device == "cpu" for cell in plan.cells)


def _spec(cell: CellPlan) -> Spec:
    return spec_from_table(cell.spec)
