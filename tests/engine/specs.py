"""Small specs over the toy env, for tests that train."""

from types import SimpleNamespace

from toy_env import Toy

from bczoo.hooks import hookimpl
from bczoo.specfile import spec_from_table

# What the zoo is asked to know besides what is installed.
TOY_PLUGIN = SimpleNamespace(bczoo_components=hookimpl(lambda: (Toy,)))


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
