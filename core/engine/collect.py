"""Collecting demonstrations: equal requests give equal bits, in any number of processes, interrupted or not.

Nothing here imports torch: collecting processes import this package's torch-free half only.
"""

import os
from collections.abc import Callable
from pathlib import Path

from bczoo.engine.collect_worker import run_workers
from bczoo.engine.demo_format import META, Request, answers, default_folder, shard_name
from bczoo.engine.demo_meta import damage, read_meta, same_request
from bczoo.engine.demo_summary import write_meta
from bczoo.engine.record import Recorder, write_shard
from bczoo.errors import BczooError

__all__ = ["Request", "collect", "default_folder", "usable_cpus"]


def collect(
    request: Request,
    folder: Path,
    *,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Collect the demonstrations of `request` into `folder` and return it.

    `workers` processes record shards side by side (default: the CPUs this process may use); 1 records in
    this process. `on_progress(done, total)` is called here, in demonstrations. Finished shards of an
    interrupted collection are kept, a complete folder is left alone. Raises BczooError when the folder
    holds other demonstrations or damaged files, the env has no expert, or the expert keeps failing.
    """
    if (folder / META).exists() and _complete(request, folder):
        return folder
    _make(folder)
    _refuse_extra(request, folder)
    recorder = Recorder(request)
    try:
        missing = [shard for shard in range(request.shards) if not _finished(request, folder, shard)]
        progress = _Progress(request, missing, on_progress)
        count = min(workers or usable_cpus(), len(missing))
        if count > 1:
            run_workers(request, folder, missing, count, progress.step)
        else:
            for shard in missing:
                write_shard(recorder, folder, shard, progress.step)
        write_meta(folder, request.shards, request, recorder.spaces, recorder.fps)
    finally:
        recorder.close()
    return folder


class _Progress:
    """Counts demonstrations, the resumed ones included, and tells the caller."""

    def __init__(self, request: Request, missing: list[int], on_progress: Callable[[int, int], None] | None) -> None:
        self.total = request.demos
        self.done = request.demos - sum(len(request.slots(shard)) for shard in missing)
        self.tell = on_progress or (lambda _done, _total: None)
        self.tell(self.done, self.total)

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        self.tell(self.done, self.total)


def _complete(request: Request, folder: Path) -> bool:
    meta = read_meta(folder)
    if meta.recorded_elsewhere:
        raise BczooError(f"{folder} holds demonstrations that were recorded elsewhere; choose another folder")
    if not same_request(meta, request.table()):
        raise BczooError(f"{folder} already holds other demonstrations; choose another folder or delete this one")
    # A shard that was deleted because it was damaged is recollected; nothing else is touched.
    return not damage(folder, meta, verify=False)


def _finished(request: Request, folder: Path, shard: int) -> bool:
    path = folder / shard_name(shard)
    if not path.exists():
        return False
    if not answers(path, request, shard):
        raise BczooError(
            f"{path} belongs to another request or was collected with other versions;"
            " choose another folder or delete this one"
        )
    return True


def _refuse_extra(request: Request, folder: Path) -> None:
    expected = {shard_name(shard) for shard in range(request.shards)}
    for path in sorted(folder.glob("shard-*.safetensors")):
        if path.name not in expected:
            raise BczooError(f"{path} belongs to another request; choose another folder or delete this one")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BczooError(f"cannot make the folder {folder}: {error.strerror}; choose another one") from error


def usable_cpus() -> int:
    """How many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
