"""Milliseconds to augment a batch of images, against torchvision's own transforms on one sample after the other.

    python bench/augment_speed.py [--frames 128] [--size 84] [--rounds 15] [--threads 1] [--device cpu]

The baseline is what a map-style dataset does before collation: the v2 transform of the same meaning on each uint8
image (channels, height, width), then a stack (and a copy to the device, if that is another). Both run in turn,
once a round, so that a machine whose speed drifts favours neither; medians over the rounds are printed, and the
median ratio. For noise on states, which torchvision has not, the baseline adds it to one state after the other.
"""

import argparse
import time

import torch
from rows import Row, of_pairs, run
from torchvision.transforms import v2

from bczoo.card import build, card_of
from bczoo.engine.parts import Batch
from bczoo.plugins.augmentations import ColorJitter, Crop, Shift, StateNoise

PLAN = Row(what="augmentation", baseline="torchvision, one by one", unit="ms", aim="<= 1x", device="")

STATE = 8


def one_by_one(transform, device):
    """The baseline, on images of the batch that have been taken apart before."""
    return lambda images, states: torch.stack([transform(image) for image in images]).to(device)


def pairs(size, device):
    """Each augmentation, and what does the same to one sample."""
    jitter = ColorJitter()
    strengths = (jitter.brightness, jitter.contrast, jitter.saturation)
    crop = Crop()
    # torchvision's scale is a share of the area.
    resized = v2.RandomResizedCrop(size, scale=(crop.scale_min**2, 1.0), ratio=(1.0, 1.0))
    return [
        (Shift(), one_by_one(v2.RandomCrop(size, padding=Shift().pixels, padding_mode="edge"), device)),
        (crop, one_by_one(resized, device)),
        (jitter, one_by_one(v2.ColorJitter(*strengths), device)),
        (
            StateNoise(),
            lambda images, states: torch.stack([state + 0.01 * torch.randn(STATE) for state in states]).to(device),
        ),
    ]


def milliseconds(call, device):
    start = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return 1e3 * (time.perf_counter() - start)


def batch_of(arguments):
    """Random images of one camera, one frame a window."""
    shape = (arguments.frames, arguments.size, arguments.size, 3)
    return Batch(
        images={"front": torch.randint(0, 256, shape, dtype=torch.uint8)},
        state_BTS=torch.randn(arguments.frames, 1, STATE),
        action_BHA=torch.zeros(arguments.frames, 1, 3),
        mask_BH=torch.ones(arguments.frames, 1, dtype=torch.bool),
    )


def measure(arguments):
    """A row for each augmentation."""
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    generator = torch.Generator(device).manual_seed(0)
    batch = batch_of(arguments)
    images, states = list(batch.images["front"].permute(0, 3, 1, 2).contiguous()), list(batch.state_BTS)
    batch = batch.to(device)
    rows = []
    for options, baseline in pairs(arguments.size, device):
        augment = build(options)
        calls = (lambda a=augment: a(batch, generator), lambda b=baseline: b(images, states))
        rounds = [[milliseconds(call, device) for call in calls] for _ in range(arguments.rounds + 1)][1:]
        what = f"{card_of(options).name}, {arguments.frames} frames of {arguments.size}x{arguments.size}"
        where, note = f"{device}, {arguments.threads} thread(s)", f"medians of {arguments.rounds}"
        rows.append(of_pairs(PLAN, rounds, what=what, device=where, note=note))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=128)
    parser.add_argument("--size", type=int, default=84)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
