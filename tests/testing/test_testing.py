"""The public contract suite finds what it claims to find: each part here breaks one promise."""

from pathlib import Path

import broken_augmentations as augmentations
import broken_envs as envs
import broken_modules as modules
import broken_training as training
import pytest

from bczoo.card import card_of, component, field
from bczoo.errors import BczooError
from bczoo.testing import check_component, parametrize_parts, parts_of


def part(kind, implementation, **namespace):
    """A card for a class, under the class's own name."""
    options = type(implementation.__name__, (), {"__doc__": "A part to test with.", **namespace})
    return component(kind, implementation.__name__, f"{implementation.__module__}:{implementation.__name__}")(options)


GOOD = [
    ("backbone", modules.Mean),
    ("backbone", modules.ZeroInit),
    ("temporal", modules.Recurrent),
    ("head", modules.Sharp),
    ("action", modules.Flip),
    ("loss", training.Squared),
    ("schedule", training.Counting),
    ("augmentation", augmentations.Brighter),
    ("augmentation", augmentations.Drift),
    ("env", envs.Walk),
    ("env", envs.Windy),
]

BROKEN = [
    ("backbone", modules.Liar, "declares 3x1x4 for 1 camera of 32x40 and T = 1 but gives 3x1x5"),
    ("backbone", modules.Undeclared, r"must set self\.features to a Features when it is built; there is nothing there"),
    ("backbone", modules.Listed, "must return a Tensor, not a list"),
    ("backbone", modules.Idle, r"unused\.weight, unused\.bias takes no part in the output"),
    ("backbone", modules.Multiplied, "only gradients of zero reach scale"),
    ("backbone", modules.Detached, "its output is detached"),
    ("backbone", modules.Infinite, "not finite for 1 camera"),
    ("backbone", modules.Crowd, "depends on the other samples of its batch"),
    ("backbone", modules.Dice, "two runs in eval mode on the same input differ"),
    ("backbone", modules.Secret, "its state_dict is not all of its state"),
    ("backbone", modules.Shared, "writing its weights and reading them back fails with RuntimeError"),
    ("backbone", modules.OneCamera, "a run on the meta device with 2 cameras of 32x40 and T = 3 fails"),
    ("backbone", modules.Stranger, r"is no subclass of bczoo\.engine\.parts\.Backbone"),
    ("temporal", modules.Forgetful, "`step`, from `start` through T frames, gives other output than `forward`"),
    ("temporal", modules.Impatient, "penalty 'kl' is no scalar"),
    ("temporal", modules.Unpromised, r"must set self\.context to a Context when it is built; there is an int"),
    ("temporal", modules.Bare, "must return a TemporalOutput, not a Tensor"),
    ("head", modules.Raw, "must return a Prediction, not a Tensor"),
    ("head", modules.Fined, r"penalty 'size' is no scalar but of shape \(3, 1, 1\)"),
    ("head", modules.Pointless, "losses read `point_BHP` of its prediction"),
    ("head", modules.Restless, "two runs in eval mode on the same input differ"),
    ("head", modules.Aimless, "`point` must return a Tensor, not None"),
    ("head", modules.Riddle, "predicts 'riddle', which no installed loss accepts"),
    ("head", modules.Blunt, r"leaves the form's range; pass it through form\.activate"),
    ("action", modules.NoWayBack, r"decode\(encode\(a\)\) is not a"),
    ("action", modules.Off, "an encoded action differs from itself"),
    ("action", modules.Blind, "residual is zero between actions that differ"),
    ("action", modules.Steep, "not finite for head outputs around 0 in torch.float32"),
    ("action", modules.Sizeless, r"must set self\.size to an int"),
    ("action", modules.Grumpy, "refuses every action size"),
    ("loss", training.Averaged, r"one score per sample and horizon step.*: 3x4 .*; it gives a single number"),
    ("loss", training.Learned, r"has parameters \(log_scale\), and losses are neither trained nor saved"),
    ("loss", training.Chunked, "so that padding would count"),
    ("loss", training.Pooled, "depends on the other samples"),
    ("loss", training.Backwards, "must be lowest for the expert's own action"),
    ("loss", training.Unsaid, "`accepts` must be a frozenset"),
    ("augmentation", augmentations.Stranger, r"is no subclass of bczoo\.engine\.parts\.Augmentation"),
    ("augmentation", augmentations.Forgetful, r"must return a bczoo\.engine\.parts\.Batch, not a NoneType"),
    ("augmentation", augmentations.Unshared, r"shared?, frame_BT was int64 \(4, 2\) on cpu and now is not there"),
    ("augmentation", augmentations.Floating, r"images\['front'\] was uint8 \(4, 24, 32, 3\).*now is float32"),
    ("augmentation", augmentations.Smaller, r"now is uint8 \(4, 23, 32, 3\)"),
    ("augmentation", augmentations.OnlyFloats, "changes nothing, neither of uint8 images nor of states"),
    ("augmentation", augmentations.Writing, r"writes into images\['front'\] of the batch it is given"),
    ("augmentation", augmentations.Unmasking, "changes mask_BH"),
    ("augmentation", augmentations.Exploding, "not finite in state_BTS"),
    ("augmentation", augmentations.Global, "draws from torch's global generator"),
    ("augmentation", augmentations.Pythonic, "two results for one batch and one state of the generator"),
    ("augmentation", augmentations.Ageing, "two results for one batch and one state of the generator"),
    ("augmentation", augmentations.Steady, "the same change whatever the generator's state"),
    ("augmentation", augmentations.Flicker, "frames of one group differently: equal ones of 'front'"),
    ("augmentation", augmentations.Uniform, "one change for the whole batch"),
    ("augmentation", augmentations.OwnFramesOnly, "a batch with frames that windows share fails"),
    ("augmentation", augmentations.OneSize, "a batch with two cameras and T = 2 fails"),
    ("augmentation", augmentations.Staring, "a batch with no images fails"),
    ("augmentation", augmentations.Feeling, "a batch with no state fails"),
    ("optimizer", training.Still, "do not lower it"),
    ("optimizer", training.Partial, "does not hold every parameter"),
    ("schedule", training.Wild, "sets the learning rate to -"),
    ("schedule", training.Forgetful, r"other rates after state_dict\(\) and load_state_dict\(\)"),
    ("callback", training.Unsavable, r"being saved and resumed fails with BczooError: state\.seen is a set"),
    ("callback", training.Misspelt, "answers what nobody asks: unknown hook 'bczoo_epoch_ends'"),
    ("callback", training.Curious, "answers what nobody asks: .*weather"),
    ("callback", training.Deaf, "answers no hook"),
    ("env", envs.Stale, "the expert's plan does not come true: row"),
    ("env", envs.Swapped, r"row 0 of expert_plan\(k\) is not expert_action\(\)"),
    ("env", envs.Meddling, "is not the first row of a longer plan|changes the simulation"),
    ("env", envs.Unplanned, "needs both"),
    ("env", envs.Silent, r"info\['success'\] of reset is no bool"),
    ("env", envs.Unrewarded, "its reward is -inf, not a finite number"),
    ("env", envs.Drifting, "Gymnasium's env checker fails|does not start the same episode"),
    ("env", envs.Twofold, "says two things of one state"),
    ("env", envs.Timeless, "render_fps"),
    ("env", envs.Nameless, "does not say what success means"),
    ("env", envs.Coarse, "float64, not float32"),
    ("env", envs.Stuck, "number 1 of its action can only be 0; leave it out"),
    ("env", envs.Simulated, "`simulators` must be a tuple of names of distributions, not 'mujoco'"),
    ("env", envs.Lost, "`simulators` must name installed distributions: .*no-such-simulator"),
    ("env", envs.Dim, "not a uint8 RGB frame"),
    ("env", envs.Grown, "shift 'wind' changes the spaces"),
    ("env", envs.Gusty, "under shift 'wind', reset\\(seed=n\\) does not start the same episode in a new env"),
    ("env", envs.Unmoved, "a shift fails with AttributeError"),
    ("env", envs.Unsaid, "`shifts` must be a dict of names and what each means"),
    ("env", envs.Misnamed, "shift '../x' is no plain name"),
]


@pytest.mark.parametrize(("kind", "implementation"), GOOD, ids=lambda value: getattr(value, "__name__", value))
def test_a_part_that_keeps_its_promises_passes(kind, implementation):
    check_component(part(kind, implementation))


@pytest.mark.parametrize(
    ("kind", "implementation", "says"), BROKEN, ids=lambda value: getattr(value, "__name__", str(value)[:12])
)
def test_a_broken_promise_is_found_and_named(kind, implementation, says):
    with pytest.raises(AssertionError, match=rf"^{kind} '{implementation.__name__}': .*({says})"):
        check_component(part(kind, implementation))


def test_cards_options_classes_and_options_are_all_taken():
    options = part("backbone", modules.Mean, size=field(default=3, help="not used"), __annotations__={"size": int})
    for given in (card_of(options), options, options(size=2)):
        check_component(given, size=4)


def test_an_undocumented_part_is_found():
    with pytest.raises(AssertionError, match="has no docstring"):
        check_component(part("backbone", modules.Mean, __doc__=""))
    silent = part("backbone", modules.Mean, size=field(default=3, help=" "), __annotations__={"size": int})
    with pytest.raises(AssertionError, match="no help text for size"):
        check_component(silent)


@pytest.mark.parametrize(
    ("kind", "default", "says"),
    [
        (int | str, 3, "reading them back fails with Mistakes: size: .*Unsupported type"),
        (Path, Path("x"), "reading them back fails with TypeError: .*not JSON serializable"),
        (dict[int, str], {1: "a"}, r"reading them back fails with Mistakes: size\.1: expected a whole number, got '1'"),
        (list[int], (1, 2), "are not the same after they were written into a spec and read back"),
    ],
    ids=str,
)
def test_options_that_no_spec_can_hold_are_found(kind, default, says):
    holder = part(
        "backbone", modules.Mean, size=field(default=default, help="not used"), __annotations__={"size": kind}
    )
    with pytest.raises(AssertionError, match=says):
        check_component(holder)


def test_a_part_that_cannot_be_loaded_is_found():
    lost = component("loss", "lost", "bczoo_nowhere:Lost")(type("Lost", (), {"__doc__": "Gone."}))
    with pytest.raises(AssertionError, match=r"loss 'lost': loading bczoo_nowhere:Lost fails with BczooError"):
        check_component(lost)


HEAVY = """
import torch
from bczoo import component, hookimpl
@component("loss", "heavy", "bczoo.testing.forms:PlainForm")
class Heavy:
    '''Imports too much.'''
@hookimpl
def bczoo_components():
    return (Heavy,)
"""


def test_a_plugin_that_imports_torch_when_listed_is_found(install):
    install("bczoo_heavy", HEAVY)
    (card,) = parts_of("bczoo_heavy")
    with pytest.raises(AssertionError, match="importing bczoo_heavy imports torch"):
        check_component(card)


def test_parts_are_chosen_by_plugin_and_kind():
    assert {card.kind for card in parts_of("losses")} == {"loss"}
    assert {card.kind for card in parts_of(None, "head", "loss")} == {"head", "loss"}
    assert parametrize_parts("losses").name == "parametrize"


def test_choosing_nothing_is_refused():
    with pytest.raises(BczooError, match=r"plugin 'my_plugin' has no part to test; plugins that loaded: actions, "):
        parts_of("my_plugin")
