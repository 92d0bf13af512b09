"""Policies of one backbone, on the meta device where its weights do not matter."""

import torch

from bczoo.card import build
from bczoo.engine.assembly import probe
from bczoo.plugins.actions import Cartesian
from bczoo.plugins.heads import Mlp
from bczoo.plugins.temporal import NoTemporal
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec

PUSH = Obs(steps=1, images={"front": (84, 84, 3)}, state=3)
TWO = Obs(steps=1, images={"front": (84, 84, 3), "wrist": (84, 84, 3)}, state=3)
XYZ = Action(size=3, low=(-1.0,) * 3, high=(1.0,) * 3)


def spec_of(backbone, **changes):
    given = {"backbone": backbone, "temporal": NoTemporal(), "head": Mlp(), "action": Cartesian()}
    return PolicySpec(**given | changes)


def seen(backbone, obs=PUSH):
    """Shape without the batch, and parameters, of what was declared and has been seen to be true."""
    row = probe(spec_of(backbone, steps=obs.steps), obs, XYZ)[0]
    return row.gives, row.parameters


def on_meta(options, obs=PUSH):
    with torch.device("meta"):
        return build(options, obs)


def images(obs=PUSH, count=2):
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(count, channels, height, width, generator=generator)
        for name, (height, width, channels) in obs.images.items()
    }
