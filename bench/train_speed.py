"""Training samples/s of bczoo's trainer against a bare hand-written loop.

The bare loop has the same model, batch size, precision and optimiser, and its data already in memory; it
logs nothing, saves nothing and keeps no statistics. Both run in turn, one epoch each, so that a machine
whose speed drifts does not favour one; the median ratio of the pairs is printed.

    python bench/train_speed.py [--recipe bc_cnn] [--pairs 7] [--demos 60]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch
from torch.nn import functional as F

from bczoo import load_spec
from bczoo.card import build
from bczoo.engine.device import pick_device
from bczoo.engine.experiment import find_demos, prepare
from bczoo.engine.train import new_accelerator, parameter_groups


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", default="bc_cnn")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--demos", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        overrides = [
            f'data.path="{folder}/demos"',
            f"data.demos={arguments.demos}",
            "train.validation=0.0",
            "train.epochs=1000",
        ]
        spec = load_spec(arguments.recipe, overrides)
        accelerator = new_accelerator(pick_device(spec.train.device))
        demos = find_demos(spec, show=False)
        run, trainer = prepare(spec, Path(folder) / "run", demos, accelerator, show=False)
        ours = Ours(trainer)
        bare = Bare(spec, run, trainer, demos)
        ours.epoch()
        bare.epoch()
        pairs = [(ours.epoch(), bare.epoch()) for _ in range(arguments.pairs)]
    ratios = [mine / other for mine, other in pairs]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{arguments.recipe}, {accelerator.device}, {trainer.precision}, batch {spec.train.batch_size}")
    print(f"bczoo {mine:,.0f} samples/s, bare loop {other:,.0f} samples/s")
    print(f"ratio {statistics.median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f} in {len(pairs)} pairs)")


class Ours:
    """One epoch of the trainer as every run has it, without checkpoint and observers' files."""

    def __init__(self, trainer):
        self.trainer = trainer
        self.order = torch.Generator().manual_seed(0)

    def epoch(self):
        start = time.perf_counter()
        self.trainer.train_epoch(self.order)
        return len(self.trainer.train_windows) / (time.perf_counter() - start)


class Bare:
    """What somebody in a hurry would write for this one policy."""

    def __init__(self, spec, run, trainer, demos):
        self.size, self.bf16 = spec.train.batch_size, trainer.precision == "bf16"
        self.device = trainer.accelerator.device
        self.policy = run.policy
        self.optimizer = build(spec.train.optimizer, parameter_groups(self.policy))
        frames = demos.frames_of(torch.arange(demos.episodes))
        self.images = demos.gather_images("front", frames).to(self.device)
        self.states, self.actions = demos.state.to(self.device), demos.action.to(self.device)
        self.weight = spec.loss.magnitude_weight

    def epoch(self):
        start = time.perf_counter()
        policy = self.policy.train()
        for index in torch.split(torch.randperm(len(self.images)), self.size):
            index = index.to(self.device)
            image, state, action = self.images[index], self.states[index], self.actions[index]
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
                x_BTND = policy.encode({"front": image.unsqueeze(1)}, state.unsqueeze(1))
                prediction, _ = policy.decide(x_BTND, state.unsqueeze(1))
            loss_BA = F.smooth_l1_loss(prediction.point_BHP[:, 0], action, reduction="none")
            loss = (loss_BA.mean(-1) * (1 + self.weight * action.norm(dim=-1))).mean()
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
        return len(self.images) / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
