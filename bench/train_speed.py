"""Training samples/s of bczoo's trainer against a bare hand-written loop.

The bare loop has the same model, batch size, precision and optimiser, and its data in memory, one array of images; it
logs nothing, saves nothing and keeps no statistics. Both run in turn, a few steps each, so that a machine whose speed
drifts does not favour one; the median ratio of the pairs counts.

    python bench/train_speed.py [--recipe bc_cnn] [--recipe act_resnet] [--pairs 7]
"""

import argparse
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import torch
from rows import Row, of_pairs, run
from torch.nn import functional as F

from bczoo import load_spec
from bczoo.card import build
from bczoo.engine.demonstrate import find_demos
from bczoo.engine.device import pick_device
from bczoo.engine.experiment import prepare
from bczoo.engine.setup import new_accelerator, parameter_groups

DEMOS = 60
STEPS = {"bc_cnn": 40}  # a turn, a few seconds long
FEW = 5  # of larger models
PLAN = Row(what="training step", baseline="a bare loop", unit="samples/s", aim=">= 0.95", device="")


class Ours:
    """Steps of the trainer as every run makes them, with its order, guard and clock."""

    def __init__(self, trainer, steps):
        self.trainer, self.steps = trainer, steps

    def samples_per_s(self):
        run = self.trainer.run
        run.total_steps = run.step + self.steps
        start, before = time.perf_counter(), run.samples
        self.trainer._train_steps()
        self.trainer.within = 0
        return (run.samples - before) / (time.perf_counter() - start)


class Bare:
    """What somebody in a hurry would write for this one policy."""

    def __init__(self, spec, policy, trainer, demos, steps):
        self.size, self.steps, self.bf16 = spec.train.batch_size, steps, trainer.stepper.objective.bf16
        self.device, self.policy = trainer.device, policy
        self.optimizer = build(spec.train.optimizer, parameter_groups(policy, spec.train.backbone_lr))
        frames = demos.frames_of(torch.arange(demos.episodes))
        self.images = demos.gather_images("front", frames).to(self.device)
        self.states = demos.state.to(self.device)
        chunks = demos.action.unsqueeze(1) if spec.policy.horizon == 1 else demos.plan[:, : spec.policy.horizon]
        self.actions = chunks.to(self.device)
        self.weight = spec.loss.magnitude_weight

    def samples_per_s(self):
        start = time.perf_counter()
        policy = self.policy.train()
        batches = torch.split(torch.randperm(len(self.images)), self.size)
        done = 0
        for index in islice(cycle(batches), self.steps):
            index = index.to(self.device)
            image, state, action = self.images[index], self.states[index], self.actions[index]
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
                x_BTND = policy.encode({"front": image.unsqueeze(1)}, state.unsqueeze(1))
                prediction, penalties = policy.decide(x_BTND, state.unsqueeze(1), action)
            loss_BHA = F.smooth_l1_loss(prediction.point_BHP, action, reduction="none")
            loss = (loss_BHA.mean(-1) * (1 + self.weight * action.norm(dim=-1))).mean() + sum(penalties.values())
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            done += len(index)
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return done / (time.perf_counter() - start)


def compare(recipe, arguments, folder):
    """Both in turn."""
    overrides = [f'data.path="{folder}/demos-{recipe}"', f"data.demos={DEMOS}", "train.validation=0.0"]
    overrides += ["train.epochs=100000", "train.save_minutes=1e9", *arguments.set]
    spec = load_spec(recipe, overrides)
    accelerator = new_accelerator(pick_device(spec.train.device))
    demos = find_demos(spec, show=False)
    running, trainer = prepare(spec, Path(folder) / "run", demos, accelerator, show=False)
    steps = STEPS.get(recipe, FEW)
    ours = Ours(trainer, steps)
    bare = Bare(spec, running.policy, trainer, demos, steps)
    ours.samples_per_s()
    bare.samples_per_s()
    pairs = [(ours.samples_per_s(), bare.samples_per_s()) for _ in range(arguments.pairs)]
    ratios = [mine / other for mine, other in pairs]
    return of_pairs(
        PLAN,
        pairs,
        what=f"training step, {recipe}, batch {spec.train.batch_size}, {running.facts['precision']}",
        device=f"{trainer.device.type}, {torch.get_num_threads()} thread(s)",
        note=f"{len(pairs)} pairs from {min(ratios):.3f} to {max(ratios):.3f}",
    )


def measure(arguments):
    """One row for each recipe."""
    with tempfile.TemporaryDirectory() as folder:
        return [compare(recipe, arguments, folder) for recipe in arguments.recipe or ("bc_cnn", "act_resnet")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", action="append")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a change to the recipes")
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
