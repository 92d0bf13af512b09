"""Small specs over the toy env, for tests that train."""

import os
from contextlib import contextmanager
from types import SimpleNamespace

from toy_env import Toy

from bczoo.card import component, field
from bczoo.hooks import hookimpl
from bczoo.registry import zoo
from bczoo.specfile import spec_from_table


@component("callback", "stopper", "specs:Stopper")
class StopperOptions:
    """Ends training after an epoch, told in one of several processes only."""

    rank: int = field(default=0, help="the process that it is told in")


class Stopper:
    def __init__(self, options):
        self.here = options.rank == int(os.environ.get("RANK", "0"))

    @hookimpl
    def bczoo_epoch_end(self, run):
        if self.here:
            run.stop = "enough"


# What the zoo is asked to know besides what is installed.
TOY_PLUGIN = SimpleNamespace(bczoo_components=hookimpl(lambda: (Toy, StopperOptions)))


@contextmanager
def toys():
    """The installed zoo and the toy env, while this lasts."""
    zoo.cache_clear()
    zoo().add(TOY_PLUGIN, "toys", "toys", "1.0")
    try:
        yield zoo()
    finally:
        zoo.cache_clear()


# A small temporal module with a penalty, "kl".
ACT = {"use": "act", "cvae": True, "d_model": 16, "dim_feedforward": 16, "heads": 2, "latent": 4}
ACT |= {"encoder_layers": 1, "decoder_layers": 1, "dropout": 0.0}

# Chance and memory everywhere: dropout, augmentation, stretches, averaged weights, schedules by steps and by epochs.
CHANCY = {
    "train": {
        "epochs": 3,
        "batch_size": 64,
        "save_minutes": 0.0,
        "clip": 1.0,
        "accumulate": 2,
        "schedule": {"use": "cosine"},
    },
    "policy": {"steps": 2, "horizon": 3},
    "data": {"stretch": 3, "augment": [{"use": "shift", "pixels": 1}, {"use": "state_noise", "std": [0.1]}]},
    "callbacks": [{"use": "ema", "decay": 0.9}, {"use": "early_stop", "patience": 50}],
}


def toy_spec(folder, **tables):
    """A spec that trains in about a second on demonstrations in `folder`."""
    table = {
        "name": "toy",
        "env": {"use": "toy"},
        "data": {"demos": 55, "noise": 0.3, "plan": 4, "seed": 7, "path": str(folder)},
        "policy": {"backbone": {"use": "cnn"}, "head": {"use": "mlp", "hidden": [32], "dropout": 0.1}},
        "loss": {"use": "huber"},
        "train": {"epochs": 2, "batch_size": 32, "precision": "fp32"},
        "eval": {"episodes": 6, "slots": 3, "videos": 0},
    }
    for key, value in tables.items():
        table[key] = {**table[key], **value} if isinstance(value, dict) and key in table else value
    return spec_from_table(table)
