"""How busy a sweep keeps the cores: CPU time of all its processes over that of so many cores for so long.

A sweep of 8 small cells, one seed, with a job for each of two cores, whose demonstrations are there already. Its start,
the imports of each run, evaluations and the statistics at the end are all in it. Other work on the machine makes the
share smaller; so it is told, too, with the time that the sweep's threads were ready to run and had no core.

    python bench/sweep_busy.py [--jobs 2] [--epochs 40]
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import NotRun, Row, run

RATES = "3e-3,2e-3,1e-3,7e-4,5e-4,3e-4,2e-4,1e-4"
SMALL = ("env.height=48", "env.width=48", "data.demos=40", "eval.episodes=20", "eval.videos=0", "train.batch_size=32")
PLAN = Row(what="a sweep of 8 small cells", baseline="", unit="CPU s", aim=">= 0.85", device="cpu")


def bczoo(folder: str, *words: str) -> tuple[float, float, float]:
    """Seconds that a command took, that all its processes computed, and that their threads waited for a core."""
    before, start = cpu_seconds(), time.perf_counter()
    command = [sys.executable, "-m", "bczoo", *words, "--spec", "bc_cnn", "--quiet"]
    waited: dict[Path, int] = {}
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT, text=True)
        while process.poll() is None:
            waited |= waiting(process.pid)
            time.sleep(0.1)
        if process.returncode:
            said.seek(0)
            raise NotRun(f"{words[0]} failed: {said.read().strip()[-300:]}")
    return time.perf_counter() - start, cpu_seconds() - before, sum(waited.values()) / 1e9


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def waiting(pid: int) -> dict[Path, int]:
    """Nanoseconds that each thread of a process and its children has waited for a core so far."""
    found: dict[Path, int] = {}
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found[task] = int((task / "schedstat").read_text().split()[1])
            for child in (task / "children").read_text().split():
                found |= waiting(int(child))
        except OSError:  # it has just ended
            continue
    return found


def measure(arguments: argparse.Namespace) -> list[Row]:
    if len(os.sched_getaffinity(0)) < arguments.jobs:
        raise NotRun(f"fewer cores than {arguments.jobs}")
    settings = [word for one in SMALL for word in ("--set", one)]
    with tempfile.TemporaryDirectory() as folder:
        bczoo(folder, "collect", *settings)
        vary = ("--vary", f"train.optimizer.lr={RATES}", "--seeds", "1", "--jobs", str(arguments.jobs), "--name", "s")
        wall, used, waited = bczoo(folder, "sweep", *settings, "--set", f"train.epochs={arguments.epochs}", *vary)
    whole = arguments.jobs * wall
    return [
        Row(
            what=PLAN.what,
            baseline=f"{arguments.jobs} cores all the time",
            ours=used,
            theirs=whole,
            unit=PLAN.unit,
            ratio=used / whole,
            aim=PLAN.aim,
            device=PLAN.device,
            note=f"{arguments.jobs} jobs, {wall:.0f} s; {(used + waited) / whole:.2f} with the time its threads waited for "
            f"a core; load of the machine in the last minute {os.getloadavg()[0]:.1f}",
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=40)
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
