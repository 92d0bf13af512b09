"""Training in child processes that can be killed, alone or in a team; forked from one that has imported torch."""

import multiprocessing
import os
import socket
import sys
import time
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["bczoo.engine.experiment", "specs"])


def start(work, cwd, *, size=1, **settings):
    """Start `size` processes that do `work`, "train" or "resume"; see `_child` for the settings."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    team = [
        FORKS.Process(target=_child, args=(work, str(cwd), rank, size, port), kwargs=settings) for rank in range(size)
    ]
    for process in team:
        process.start()
    return team


def finish(team, timeout=120):
    """Exit codes of all, negative for a signal that killed one."""
    for process in team:
        process.join(timeout)
        if process.is_alive():
            process.kill()
            process.join()
            raise AssertionError("a process does not end")
    return [process.exitcode for process in team]


def wait_for(path, text=""):
    """Wait until the file holds more than `text`."""
    deadline = time.monotonic() + 90
    while not path.exists() or len(path.read_text()) <= len(text):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _child(work, cwd, rank, size, port, *, folder, run, tables, limit=None, apart=0.0):
    """Train or resume runs/`run` of the toy spec in `cwd`; what it says goes to `cwd`/said-`rank`.txt.

    `limit` (bytes) is the largest file that it may write; processes start `apart` seconds one after the other.
    """
    time.sleep(apart * rank)
    os.chdir(cwd)
    sys.stdout = sys.stderr = Path(f"said-{rank}.txt").open("w", buffering=1)  # noqa: SIM115
    if size > 1:
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "LOCAL_WORLD_SIZE": str(size)}
    import resource

    import torch
    from specs import TOY_PLUGIN, toy_spec

    from bczoo.engine.experiment import resume, train
    from bczoo.errors import BczooError
    from bczoo.registry import zoo

    torch.set_num_threads(1)
    zoo().add(TOY_PLUGIN, "toys", "toys", "1.0")
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        if work == "train":
            result = train(toy_spec(folder, **tables), run=run, show=False)
        else:
            result = resume(f"runs/{run}", show=False)
        print(f"left in {result.folder}")
    except BczooError as error:
        print(f"error: {error}")
        sys.exit(error.exit_code)
