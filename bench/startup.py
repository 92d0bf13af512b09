"""How long the listing commands take to answer, against `python -c "import click"`, the floor of any such CLI.

Every round runs each of them once, so that a busy machine slows all alike; the ratio is of medians.

    python bench/startup.py --rounds 15
"""

import argparse
import subprocess
import sys
import time
from statistics import median

import attrs
from rows import Row, run

FLOOR = ("-c", "import click")
AIMS = {("--help",): 2.0, ("list",): 3.0, ("show", "backbone", "cnn"): 3.0}
PLAN = Row(what="start-up", baseline='python -c "import click"', unit="ms", aim="<= 2x", device="cpu")


def milliseconds(*args: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *args], check=True, capture_output=True)
    return 1e3 * (time.perf_counter() - start)


def measure(arguments: argparse.Namespace) -> list[Row]:
    """A row for each command."""
    floor: list[float] = []
    taken: dict[tuple[str, ...], list[float]] = {command: [] for command in AIMS}
    for _ in range(arguments.rounds):
        floor.append(milliseconds(*FLOOR))
        for command in AIMS:
            taken[command].append(milliseconds("-m", "bczoo", *command))
    theirs = median(floor)
    return [
        attrs.evolve(
            PLAN,
            what=f"bczoo {' '.join(command)}",
            ours=median(times),
            theirs=theirs,
            ratio=median(times) / theirs,
            aim=f"<= {AIMS[command]:g}x",
            note=f"medians of {arguments.rounds}",
        )
        for command, times in taken.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
