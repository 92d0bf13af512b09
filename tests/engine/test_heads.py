"""Heads that say more than a point: asked for one where the policy acts, trained by losses of their own."""

from types import SimpleNamespace

import author_parts as parts
import numpy as np
import pytest
import torch

from bczoo.card import build
from bczoo.engine import normalize
from bczoo.engine.assembly import assemble, probe
from bczoo.engine.pairs import check_pair
from bczoo.engine.parts import Batch
from bczoo.engine.stateless import Stateless
from bczoo.errors import BczooError, InputError
from bczoo.hooks import hookimpl
from bczoo.plugins.actions import Cartesian
from bczoo.plugins.losses import Huber
from bczoo.registry import zoo
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec
from bczoo.testing import check_component

OBS = Obs(steps=1, images={"front": (16, 16, 3)}, state=0)
ACTION = Action(size=2, low=(-2.0, -2.0), high=(2.0, 2.0))
COLOUR = parts.options("backbone", parts.Colour)
MIXTURE, BELIEVED = parts.options("head", parts.Mixture), parts.options("loss", parts.Believed)


@pytest.fixture(autouse=True)
def offered():
    zoo.cache_clear()
    zoo().add(SimpleNamespace(bczoo_components=hookimpl(lambda: (MIXTURE, BELIEVED))), "modes", "bczoo-modes", "1.0")
    yield
    zoo.cache_clear()


def policy_of(temporal=parts.Last):
    torch.manual_seed(0)
    chosen = {"backbone": COLOUR(), "temporal": parts.options("temporal", temporal)(), "action": Cartesian()}
    policy = assemble(PolicySpec(steps=1, horizon=3, head=MIXTURE(), **chosen), OBS, ACTION, BELIEVED())
    normalize.fit(policy.normalizer, None)
    return policy


def batch():
    noise = torch.Generator().manual_seed(0)
    return Batch(
        images={"front": torch.randint(0, 256, (4, 16, 16, 3), dtype=torch.uint8, generator=noise)},
        state_BTS=torch.zeros(4, 1, 0),
        action_BHA=torch.rand(4, 3, 2, generator=noise),
        mask_BH=torch.ones(4, 3, dtype=torch.bool),
    )


def test_the_head_and_its_loss_keep_the_contract():
    check_component(MIXTURE)
    check_component(BELIEVED)


def test_training_and_validation_never_ask_for_a_point():
    policy, loss = policy_of(), build(BELIEVED())
    parts.Mixture.asked = 0
    for mode in (policy.train(), policy.eval()):
        prediction, penalties = mode(batch())
        assert loss(prediction, policy.normalizer.scale(batch().action_BHA), policy.form).shape == (4, 3)
        assert set(penalties) == ({"sure"} if policy.training else set())
    assert parts.Mixture.asked == 0


def test_its_penalty_is_learned_from():
    policy = policy_of().train()
    _, penalties = policy(batch())
    penalties["sure"].backward()
    assert policy.head.belief.weight.grad.any()
    assert policy.head.guess.weight.grad is None


def test_acting_asks_for_the_point_and_decodes_it():
    policy = policy_of().eval()
    prediction, _ = policy(batch())
    best = prediction.belief_BHK.argmax(-1)
    wanted = torch.stack([prediction.guess_BHKP[b, h, best[b, h]] for b in range(4) for h in range(3)]).view(4, 3, 2)
    torch.testing.assert_close(policy.actions(prediction), 2.0 * wanted)
    seen = {"front": batch().images["front"].numpy()}
    np.testing.assert_allclose(policy.act(seen), 2.0 * wanted[:, 0].detach(), atol=1e-6)
    np.testing.assert_allclose(policy.actor(slots=4, execute=3).act(seen), 2.0 * wanted[:, 0].detach(), atol=1e-6)


def test_checking_and_export_ask_for_it_too():
    policy = policy_of().eval()
    assert [row.gives for row in probe(policy.spec, OBS, ACTION)][2:] == ["3x2", "3x2"]
    images = batch().images["front"].unsqueeze(1)
    (point_BHP,) = Stateless(policy, until="head")(images)
    (action_BHA,) = Stateless(policy)(images)
    torch.testing.assert_close(action_BHA, 2.0 * point_BHP)


def test_a_loss_of_points_is_refused():
    with pytest.raises(InputError, match=r"predicts 'modes', .* losses that fit: believed"):
        check_pair(MIXTURE(), Huber())


def test_two_penalties_of_one_name_are_refused():
    with pytest.raises(BczooError, match="the temporal module and the head both give a penalty 'sure'; rename one"):
        policy_of(parts.Sure)
