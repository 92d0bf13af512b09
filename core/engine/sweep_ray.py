"""Running a sweep on Ray: each run is a task that starts a process, as on one machine, and reports how it ended.

Results go to the sweep's folder, which all nodes must see at the same path: a shared file system.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bczoo.engine.interrupt import Interrupts
from bczoo.engine.sweep_files import write_failure
from bczoo.engine.sweep_local import Stopped
from bczoo.engine.sweep_process import Ended, Place, RunProcess, share
from bczoo.engine.sweep_told import Progress
from bczoo.errors import BczooError, InputError, raised

if TYPE_CHECKING:
    from bczoo.engine.sweep import Ray

_LOOK = 0.2  # seconds between looks at the tasks


def find_ray() -> Any:
    """The package; raises InputError where it is not installed."""
    # Ray reads it when it is imported: nothing is told to anybody.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise InputError("--ray needs Ray, which is not installed: pip install 'bczoo[ray]'") from None
    return ray


def run_on_ray(
    where: "Ray",
    folder: Path,
    home: Path,
    left: Sequence[tuple[str, int]],
    *,
    jobs: int | None,
    runs: int,
    with_gpus: bool,
    progress: Progress,
) -> None:
    """Run cells with their seeds as tasks, on the cluster at `where`, or the one there is, or one of this machine.

    Each task has CPUs, and a GPU where the cluster has some and the sweep uses them, as `jobs` of its `runs` side by
    side share them. Signals do what they do to run_locally.
    """
    ray = find_ray()
    mine = not ray.is_initialized()
    if mine:
        _connect(ray, where)
    try:
        total = ray.cluster_resources()
        gpus = int(total.get("GPU", 0)) if with_gpus else 0
        cpus = int(total.get("CPU", 1))
        count = share(jobs, runs, gpus, cpus)
        threads = max(1, cpus // count)
        task = ray.remote(num_cpus=threads, num_gpus=min(1.0, gpus / count), max_retries=0)(_run)
        places = str(folder.absolute()), str(home.absolute())
        tasks = {task.remote(*places, cell, seed, threads): (cell, seed) for cell, seed in left}
        _follow(ray, tasks, folder, progress)
    finally:
        if mine:
            ray.shutdown()


def _connect(ray: Any, where: "Ray") -> None:
    quiet = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        if isinstance(where, str):
            ray.init(address=where, **quiet)
        else:
            ray.init(include_dashboard=False, **quiet)
    except Exception as error:  # connections fail in many ways
        place = where if isinstance(where, str) else "on this machine"
        raise BczooError(f"Ray {place} cannot be used: {raised(error)}") from error


def _follow(ray: Any, tasks: dict[Any, tuple[str, int]], folder: Path, progress: Progress) -> None:
    """Until all tasks have ended; after a signal none begins, the others are asked to end, and Stopped is raised."""
    stopping = False
    with Interrupts() as interrupts:
        while tasks:
            if interrupts.number and not stopping:
                stopping = True
                progress.stopping()
                for task in tasks:
                    ray.cancel(task)
            progress.runs([] if stopping else [*tasks.values()])
            for task in ray.wait([*tasks], num_returns=1, timeout=_LOOK)[0]:
                run = tasks.pop(task)
                progress.ended(*run, _outcome(ray, task, folder, run, stopping))
    if interrupts.number:
        raise Stopped(interrupts.number, folder, progress.done, progress.total)


def _outcome(ray: Any, task: Any, folder: Path, run: tuple[str, int], stopping: bool) -> Ended:
    """How a task ended; where Ray lost it, with a node or for want of memory, that is its failure."""
    try:
        ended: Ended = ray.get(task)
    except ray.exceptions.RayError as error:
        if stopping:
            return Ended(seconds=0.0, error="stopped")
        reason = f"error: Ray has lost the run: {raised(error)}"
        write_failure(folder, *run, f"{error}\n{reason}\n")
        return Ended(seconds=0.0, error=reason)
    return ended


def _run(folder: str, home: str, cell: str, seed: int, threads: int) -> Ended:
    """One task; a GPU is the one that Ray shows to it."""
    process = RunProcess(Path(folder), Path(home), cell, seed, Place(threads=threads))
    try:
        while process.runs():
            time.sleep(_LOOK)
    except BaseException:  # the task is cancelled
        process.stop()
        process.end(stopped=True)
        raise
    return process.end(stopped=False)
