"""How long the listing commands take to answer, against `python -c "import click"`, the floor of any such CLI.

Every round runs each of them once, so that a busy machine slows all alike; the ratio is of medians.
Exits with 1 when one of them takes more than LIMIT times as long as the floor.

    python bench/startup.py --rounds 15
"""

import argparse
import subprocess
import sys
import time
from statistics import median

FLOOR = ("-c", "import click")
COMMANDS = (("--help",), ("list",), ("show", "backbone", "cnn"))
LIMIT = 3.0


def seconds(*args: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *args], check=True, capture_output=True)
    return time.perf_counter() - start


def measure(rounds: int) -> tuple[float, dict[str, float]]:
    """Medians in seconds: of the floor, and of each command."""
    floor: list[float] = []
    taken: dict[str, list[float]] = {" ".join(command): [] for command in COMMANDS}
    for _ in range(rounds):
        floor.append(seconds(*FLOOR))
        for command in COMMANDS:
            taken[" ".join(command)].append(seconds("-m", "bczoo", *command))
    return median(floor), {command: median(times) for command, times in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    floor, taken = measure(parser.parse_args().rounds)
    print(f"{'import click':<24} {floor * 1e3:6.0f} ms")
    for command, time_taken in taken.items():
        print(f"bczoo {command:<18} {time_taken * 1e3:6.0f} ms  {time_taken / floor:.2f}x")
    return int(max(taken.values()) > LIMIT * floor)


if __name__ == "__main__":
    sys.exit(main())
