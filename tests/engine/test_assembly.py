"""Mistakes of a part's author, one sentence each: it names the part, where it came from, and what is expected."""

from types import SimpleNamespace

import author_parts as parts
import pytest
import torch

from bczoo.engine.rehearsal import rehearse
from bczoo.engine.setup import seeded_policy
from bczoo.engine.summary import summarize
from bczoo.errors import BczooError
from bczoo.hooks import hookimpl
from bczoo.plugins.actions import Cartesian
from bczoo.plugins.backbones import Cnn
from bczoo.plugins.envs import Push
from bczoo.plugins.heads import Mlp
from bczoo.plugins.losses import Huber
from bczoo.plugins.temporal import NoTemporal
from bczoo.registry import zoo
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec, Spec, Train

OBS = Obs(steps=3, images={"front": (16, 16, 3)}, state=2)
ACTION = Action(size=2, low=(-1.0, -1.0), high=(1.0, 1.0))

MISTAKES = [
    ("backbone", parts.Forgets, r"must set self\.features to a Features when it is built; there is nothing there"),
    ("backbone", parts.Listing, "must give x_MND as a Tensor, not a list"),
    ("backbone", parts.OneStep, r"declares features\.steps = 1, but the policy observes 3 steps"),
    ("backbone", parts.Hasty, r"cannot be built here: AttributeError: .*before Module\.__init__\(\)"),
    ("backbone", parts.Guess, "does not take what it is given: KeyError: 'wrist'"),
    ("temporal", parts.Contextless, r"must set self\.context to a Context"),
    ("temporal", parts.Short, r"declares context\.horizon = 1, but the policy predicts 2 steps"),
    ("temporal", parts.Bare, "must return a TemporalOutput, not a Tensor"),
    ("temporal", parts.Fining, r"penalty 'kl' is no scalar but of shape \(2, 2, \d+\); average it over the batch"),
    ("head", parts.Raw, "must return a Prediction, not a Tensor"),
    ("action", parts.Sizeless, r"must set self\.size to an int"),
    ("loss", parts.Average, "must return one score per sample and horizon step.*: 2x2 .*; it gives a single number"),
    ("loss", parts.Learned, r"has parameters \(scale\), and losses are neither trained nor saved"),
]
every_mistake = pytest.mark.parametrize(
    ("kind", "implementation", "says"), MISTAKES, ids=lambda value: getattr(value, "__name__", "")
)


@pytest.fixture
def offered():
    """Puts a part into the zoo, as one of the distribution bczoo-two 1.0, and returns its options."""

    def offer(kind, implementation):
        options = parts.options(kind, implementation)
        zoo().add(SimpleNamespace(bczoo_components=hookimpl(lambda: (options,))), "two", "bczoo-two", "1.0")
        return options()

    zoo.cache_clear()
    yield offer
    zoo.cache_clear()


def spec_with(**changes):
    given = {"backbone": Cnn(), "temporal": NoTemporal(), "head": Mlp(hidden=(8,)), "action": Cartesian()}
    loss = changes.pop("loss", Huber())
    policy = PolicySpec(steps=3, horizon=2, **given | changes)
    return Spec(name="mine", env=Push(), policy=policy, loss=loss, train=Train(epochs=1))


@every_mistake
def test_training_names_the_part_and_says_what_is_expected(offered, kind, implementation, says):
    spec = spec_with(**{kind: offered(kind, implementation)})
    name = implementation.__name__.lower()
    with pytest.raises(BczooError, match=rf"^{kind} '{name}' \(bczoo-two 1\.0\) {says}"):
        seeded_policy(spec, OBS, ACTION)


@every_mistake
def test_so_does_bczoo_check(offered, kind, implementation, says):
    with pytest.raises(BczooError, match=says):
        summarize(spec_with(**{kind: offered(kind, implementation)}), OBS, ACTION)


def test_a_loss_that_asks_for_values_is_left_to_training():
    spec = spec_with(loss=parts.options("loss", parts.Looking)())
    assert seeded_policy(spec, OBS, ACTION)


def test_a_rehearsal_changes_nothing_that_is_drawn_afterwards():
    spec = spec_with(temporal=parts.options("temporal", parts.Drawing)())
    before = torch.get_rng_state()
    rehearse(spec.policy, spec.loss, OBS, ACTION)
    assert torch.equal(before, torch.get_rng_state())
