"""Training samples/s of the same ACT with a ResNet-18 in bczoo and LeRobot, each by its own training command.

    python bench/lerobot_train.py [--rounds 5] [--threads 2] [--json PATH]

Both train 51.5 million parameters (same_act.py) on the same push-task demonstrations, 84x84, batch 32, chunks of 16:
once with an image as one token, which is bczoo's ACT-ResNet18, and once as the nine that LeRobot makes of it.
The baseline is `lerobot-train` with its defaults, in float32 on the CPU; its figure is that of its own log: batch size
over the time for update and data of a step. bczoo's is samples_per_s of its metrics.jsonl. The commands take turns: one
stands still while the other trains, and what it was in the middle of when it was stopped does not count. The rounds'
median ratio is reported.
"""

import argparse
import json
import re
import tempfile
from pathlib import Path
from statistics import median

import attrs
from lerobot_data import FOLDER, both_demos
from lerobot_venv import peer_python, peer_version
from paused_command import Command
from rows import Row, run
from same_act import (
    BATCH,
    PARAMETERS_OURS,
    PARAMETERS_THEIRS,
    RECIPE,
    bczoo_train,
    lerobot_train,
    overrides,
    parameters,
)

from bczoo import load_spec
from bczoo.engine.device import pick_device

PLAN = Row(what="ACT training", baseline="LeRobot", unit="samples/s", aim=">= 2.5x on CPU, >= 4x on GPU", device="")
WHAT = {"pooled": "ACT-ResNet18 training, same parameters", "grid": "ACT-ResNet18 training, same layers"}
DEMOS, STEPS, EPOCHS = 12, 10, 1  # an epoch of 12 demonstrations is 14 steps
STEP = re.compile(r"updt_s:([\d.]+) data_s:([\d.]+)")


def our_turn(command: Command, folder: Path) -> float:
    """Samples/s over some whole epochs."""
    path = folder / "runs" / "ours" / "metrics.jsonl"

    def epochs() -> list[float]:
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line)["samples_per_s"] for line in lines if line.endswith("\n")]

    before = len(epochs())
    command.go()
    command.wait_for(lambda: len(epochs()) > before + EPOCHS)
    command.stop()
    return median(epochs()[before + 1 : before + 1 + EPOCHS])


def their_turn(command: Command) -> float:
    """Samples/s over some steps."""

    def steps() -> list[float]:
        return [float(update) + float(data) for update, data in STEP.findall(command.log)]

    before = len(steps())
    command.go()
    command.wait_for(lambda: len(steps()) > before + STEPS)
    command.stop()
    counted = steps()[before + 1 : before + 1 + STEPS]
    return BATCH * len(counted) / sum(counted)


def measure(arguments: argparse.Namespace) -> list[Row]:
    """A row for each kind of tokens."""
    return [compare(arguments, tokens) for tokens in arguments.tokens or WHAT]


def compare(arguments: argparse.Namespace, tokens: str) -> Row:
    """Both commands in turns; the first turn of each warms it up."""
    peer, device, threads = peer_version(peer_python()), pick_device("auto").type, arguments.threads
    arguments.data.mkdir(parents=True, exist_ok=True)
    changes = overrides(arguments.data, DEMOS, tokens)
    _, dataset = both_demos(load_spec(RECIPE, changes), arguments.data)
    # Neither saves anything in the time that is measured.
    changes += ["train.epochs=100000", "train.save_minutes=1e6", f'train.precision="{arguments.precision}"']
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = {"steps": 100_000, "log_freq": 1, "save_freq": 0, "num_workers": arguments.workers}
        with (
            bczoo_train(RECIPE, folder, changes, threads) as ours,
            lerobot_train(folder, dataset, device, threads, **options) as theirs,
        ):
            sizes = parameters(PARAMETERS_OURS, ours), parameters(PARAMETERS_THEIRS, theirs)
            ours.stop()
            theirs.stop()
            our_turn(ours, folder), their_turn(theirs)
            pairs = [(our_turn(ours, folder), their_turn(theirs)) for _ in range(arguments.rounds)]
            precision = re.search(r"\w+$", next(line for line in ours.log.splitlines() if "parameters" in line))[0]
    ratios = [mine / other for mine, other in pairs]
    mine, other = (median(column) for column in zip(*pairs, strict=True))
    notes = (
        f"bczoo {sizes[0]:,} parameters, {precision}",
        f"{peer} {sizes[1]:,}, its default precision, {arguments.workers} loader workers",
        f"ratio from {min(ratios):.2f} to {max(ratios):.2f} in {len(pairs)} rounds",
    )
    return attrs.evolve(
        PLAN,
        what=WHAT[tokens],
        ours=mine,
        theirs=other,
        ratio=median(ratios),
        device=f"{device}, {threads} thread(s)",
        note="; ".join(notes),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="threads of torch, of either side")
    parser.add_argument("--precision", default="auto", help="bczoo's train.precision")
    parser.add_argument("--tokens", choices=tuple(WHAT), action="append", help="grid: the same layers")
    parser.add_argument("--workers", type=int, default=4, help="LeRobot's loader processes; 4 is its default")
    parser.add_argument("--data", type=Path, default=FOLDER, help="where demonstrations are kept, in both formats")
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
