"""Training samples/s with windows drawn in stretches that share frames, against windows drawn one by one.

Same recipe (four observed steps), trainer and data; both train in turn, a few steps each. What stretches do to success
is for whole trainings to say: `bczoo train --spec bc_cnn_gru --set data.stretch=8`.

    python bench/stretch_speed.py [--recipe bc_cnn_gru] [--stretch 4] [--stretch 8] [--pairs 7] [--steps 20]
"""

import argparse
import tempfile
from pathlib import Path

import torch
from rows import Row, of_pairs, run
from train_speed import DEMOS, Ours

from bczoo import load_spec
from bczoo.engine.demonstrate import find_demos
from bczoo.engine.device import pick_device
from bczoo.engine.experiment import prepare
from bczoo.engine.setup import new_accelerator

PLAN = Row(what="data.stretch", baseline="stretch = 1", unit="samples/s", aim="> 1x", device="")


def trainer_of(recipe: str, stretch: int, folder: Path, steps: int) -> Ours:
    """A trainer on the same demonstrations."""
    overrides = [f'data.path="{folder}/demos"', f"data.demos={DEMOS}", f"data.stretch={stretch}"]
    overrides += ["train.validation=0.0", "train.epochs=100000", "train.save_minutes=1e9"]
    spec = load_spec(recipe, overrides)
    accelerator = new_accelerator(pick_device(spec.train.device))
    _, trainer = prepare(spec, folder / "run", find_demos(spec, show=False), accelerator, show=False)
    return Ours(trainer, steps)


def measure(arguments: argparse.Namespace) -> list[Row]:
    """A row for each length of stretches."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        apart = trainer_of(arguments.recipe, 1, Path(name), arguments.steps)
        for stretch in arguments.stretch or (4, 8):
            together = trainer_of(arguments.recipe, stretch, Path(name), arguments.steps)
            apart.samples_per_s()
            together.samples_per_s()
            pairs = [(together.samples_per_s(), apart.samples_per_s()) for _ in range(arguments.pairs)]
            what = f"data.stretch = {stretch}, {arguments.recipe}"
            where = f"{apart.trainer.device.type}, {torch.get_num_threads()} thread(s)"
            rows.append(of_pairs(PLAN, pairs, what=what, device=where, note=f"{len(pairs)} pairs"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="bc_cnn_gru")
    parser.add_argument("--stretch", action="append", type=int)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20)
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
