"""Saliency: it finds what a policy looks at, whatever its memory, and disturbs nothing."""

import numpy as np
import pytest
import torch
from test_policy import parts, ready
from toy_env import Toy

from bczoo.card import component
from bczoo.engine.parts import Backbone
from bczoo.engine.perform import performed
from bczoo.engine.saliency import GRID, Saliency, hidden
from bczoo.shapes import Action, Features, Obs
from bczoo.spec import Eval

SIDE = 48
ACTION = Action(size=2, low=(-1.0, -2.0), high=(1.0, 2.0))


@component("backbone", "corner", "test_saliency:CornerNet")
class Corner:
    """Looks at the upper left corner of the first camera, without gradients."""


class CornerNet(Backbone):
    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.features = Features(steps=obs.steps, tokens=1, width=3)
        self.weight = torch.nn.Parameter(torch.ones(3))

    @torch.no_grad()
    def forward(self, images):
        first = next(iter(images.values()))
        return (self.weight * first[..., : SIDE // 4, : SIDE // 4].mean((-2, -1))).unsqueeze(1)


def policy_of(**changes):
    obs = Obs(steps=changes.get("steps", 1), images={"left": (SIDE, SIDE, 3), "right": (SIDE, SIDE, 3)}, state=0)
    return ready(parts(backbone=Corner(), **changes), obs, ACTION)


def noise(seed, slots):
    image = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    return {name: np.stack([image] * slots) for name in ("left", "right")}


def recurrent():
    from bczoo.plugins.temporal import Gru

    return Gru(hidden=8, memory="carry")


@pytest.mark.parametrize(
    "changes", [{}, {"steps": 3, "horizon": 4}, {"steps": 3, "temporal": recurrent()}], ids=["single", "past", "gru"]
)
@pytest.mark.parametrize("slots", [1, 5, 200])
def test_heat_is_where_the_policy_looks(changes, slots):
    policy = policy_of(**changes)
    actor = policy.actor(slots=slots)
    for seed in range(3):
        before = actor.twin()
        actor.act(noise(seed, slots))
    heat = Saliency(policy, 1).heat(before, noise(2, slots), actor.predicted[0])
    assert {name: places.shape for name, places in heat.items()} == {"left": (GRID, GRID), "right": (GRID, GRID)}
    assert max(np.unravel_index(heat["left"].argmax(), (GRID, GRID))) <= GRID // 4
    assert heat["left"][: GRID // 3, : GRID // 3].min() > 100 * heat["left"][GRID // 2 :, GRID // 2 :].max()
    assert heat["right"].max() == 0.0


def test_each_place_is_hidden_once_and_the_rest_stays():
    image = noise(0, 1)["left"][0]
    views = list(hidden(image))
    assert len(views) == GRID * GRID
    changed = np.abs(np.stack(views).astype(int) - image).sum(-1)
    centres = [np.argwhere(places > 0).mean(0) for places in changed]
    assert np.abs(centres[0] - centres[-1]).min() > SIDE / 2
    assert (changed[0][SIDE // 2 :] == 0).all()
    assert ((changed > 0).any(0)).mean() > 0.98  # no place is forgotten


def test_a_rollout_goes_as_it_would_without_being_looked_into(toy_zoo):
    obs = Obs(steps=2, images={"front": (6, 8, 3)}, state=4)
    from bczoo.plugins.backbones import Cnn

    policy = ready(parts(backbone=Cnn(), steps=2, horizon=3), obs, Action(size=2, low=(-1.0,) * 2, high=(1.0,) * 2))
    settings = Eval(episodes=2, execute=2)
    plain, seen = (
        performed(policy, Toy(max_steps=5, radius=0.0), settings, 1, "x", overlay)[0] for overlay in (None, "saliency")
    )
    np.testing.assert_array_equal(plain.action, seen.action)
    assert sorted(seen.heat) == sorted(seen.chunks) == [0, 2, 4]  # it looks where it decides
    assert plain.heat == {}
