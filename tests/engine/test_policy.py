"""Assembly: each part is built for what the one before declares, and declarations are not believed."""

import author_parts
import numpy as np
import pytest
import torch

from bczoo.card import component
from bczoo.engine import normalize
from bczoo.engine.assembly import assemble, probe
from bczoo.engine.parts import Backbone, Batch
from bczoo.engine.policy import Policy
from bczoo.errors import BczooError
from bczoo.plugins.actions import Cartesian
from bczoo.plugins.backbones import Cnn
from bczoo.plugins.heads import Mlp
from bczoo.plugins.temporal import NoTemporal
from bczoo.shapes import Action, Features, Obs
from bczoo.spec import PolicySpec

PUSH = Obs(steps=1, images={"front": (84, 84, 3)}, state=3)
XYZ = Action(size=3, low=(-1.0,) * 3, high=(1.0,) * 3)


def parts(**changes):
    given = {"backbone": Cnn(), "temporal": NoTemporal(), "head": Mlp(), "action": Cartesian()}
    return PolicySpec(**given | changes)


def rows(spec, obs=PUSH, action=XYZ):
    return {row.part: row for row in probe(spec, obs, action)}


def ready(spec, obs=PUSH, action=XYZ):
    torch.manual_seed(0)
    policy = assemble(spec, obs, action)
    normalize.fit(policy.normalizer, None)
    return policy.eval()


def test_the_seeds_cnn_has_its_shapes_and_sizes():
    table = rows(parts())
    assert (table["backbone"].gives, table["backbone"].parameters) == ("1x1x64", 112_864)
    assert (table["head"].takes, table["head"].gives, table["head"].parameters) == ("1x67", "1x3", 299_011)


def test_the_seeds_feature_maps_are_21_11_11_11():
    (cnn,) = Policy(parts(), PUSH, XYZ).backbone.encoders
    x, sides = torch.zeros(1, 3, 84, 84), []
    for layer in cnn.layers:
        x = layer(x)
        if isinstance(layer, torch.nn.Conv2d):
            sides.append((x.shape[1], x.shape[2], x.shape[3]))
    assert sides == [(32, 21, 21), (64, 11, 11), (64, 11, 11), (64, 11, 11)]


@pytest.mark.parametrize(("pool", "width"), [("avg", 64), ("spatial_softmax", 128), ("flatten", 64 * 121)])
def test_pooling_decides_the_width(pool, width):
    assert rows(parts(backbone=Cnn(pool=pool)))["backbone"].gives == f"1x1x{width}"


@pytest.mark.parametrize("size", [(8, 8), (48, 64), (85, 83), (128, 96)])
@pytest.mark.parametrize("pool", ["avg", "spatial_softmax", "flatten"])
def test_any_image_size_fits(pool, size):
    obs = Obs(steps=1, images={"front": (*size, 3)}, state=3)
    probe(parts(backbone=Cnn(pool=pool)), obs, XYZ)


def test_several_cameras_steps_actions_and_no_state():
    obs = Obs(steps=4, images={"front": (84, 84, 3), "wrist": (48, 64, 3)}, state=0)
    action = Action(size=7, low=(-2.0,) * 7, high=(2.0,) * 7)
    table = rows(parts(steps=4, horizon=5), obs, action)
    assert table["backbone"].gives == "4x2x64"
    assert table["temporal"].gives == f"5x{4 * 2 * 64}"
    assert table["action"].gives == "5x7"


def test_spatial_softmax_says_where_things_are():
    policy = ready(parts(backbone=Cnn(pool="spatial_softmax")))
    pool = policy.backbone.encoders[0].pool
    image = torch.zeros(1, 64, 11, 11)
    image[0, 0, 0, 10] = 100.0  # top right corner
    image[0, 1, 10, 5] = 100.0  # bottom middle
    x, y = pool(image)[0, :64], pool(image)[0, 64:]
    assert (x[0].item(), y[0].item()) == pytest.approx((1.0, -1.0), abs=1e-4)
    assert (x[1].item(), y[1].item()) == pytest.approx((0.0, 1.0), abs=1e-4)
    assert (x[2].item(), y[2].item()) == pytest.approx((0.0, 0.0), abs=1e-4)  # flat: the middle


@component("backbone", "liar", f"{__name__}:LiarNet")
class Liar:
    """Says one width and gives another."""


class LiarNet(Backbone):
    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.features = Features(steps=obs.steps, tokens=1, width=10)

    def forward(self, images):
        return torch.zeros(len(images["front"]), 1, 11, device=images["front"].device)


def test_a_part_that_lies_about_its_shape_is_named():
    with pytest.raises(BczooError, match=r"backbone 'liar' declares x_MND of 2x1x10 but gives 2x1x11"):
        assemble(parts(backbone=Liar()), PUSH, XYZ)


def test_a_part_that_cannot_be_built_is_named():
    obs = Obs(steps=1, images={"a": (84, 84, 3), "b": (48, 48, 3)}, state=0)
    with pytest.raises(BczooError, match=r"backbone 'cnn' \(bczoo .*\) cannot be built here.*one size"):
        assemble(parts(backbone=Cnn(pool="flatten")), obs, XYZ)


def test_images_are_normalised_as_imagenet_from_bytes():
    policy = ready(parts())
    image = torch.tensor([0, 128, 255], dtype=torch.uint8).expand(1, 84, 84, 3)
    seen = policy._normalized(image)[0, :, 0, 0]
    expected = (np.array([0, 128, 255]) / 255 - policy.backbone.mean) / policy.backbone.std
    assert seen.tolist() == pytest.approx(expected.tolist(), abs=1e-5)


def test_images_go_to_the_convolutions_in_channels_last_layout():
    seen = ready(parts())._normalized(torch.zeros(2, 84, 84, 3, dtype=torch.uint8))
    assert seen.is_contiguous(memory_format=torch.channels_last)


def test_what_was_demonstrated_is_shown_in_training_only():
    """Or the loss of validation would be that of a policy which knows the answer."""
    peeking = author_parts.options("temporal", author_parts.Peeking)()
    policy = ready(parts(temporal=peeking, head=Mlp(dropout=0.0), horizon=2))
    batch = Batch(
        images={"front": torch.zeros(3, 84, 84, 3, dtype=torch.uint8)},
        state_BTS=torch.zeros(3, 1, 3),
        action_BHA=torch.full((3, 2, 3), 0.5),
        mask_BH=torch.ones(3, 2, dtype=torch.bool),
    )
    x_BTND = policy.encode({"front": batch.images["front"].unsqueeze(1)}, batch.state_BTS)
    alone, _ = policy.decide(x_BTND, batch.state_BTS)
    assert torch.equal(policy.eval()(batch)[0].point_BHP, alone.point_BHP)
    assert not torch.equal(policy.train()(batch)[0].point_BHP, alone.point_BHP)


def test_act_answers_one_observation_or_a_batch_alike():
    policy = ready(parts())
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 84, 84, 3), dtype=np.uint8)
    states = rng.normal(size=(5, 3)).astype(np.float32)
    batch = policy.act({"front": images, "state": states})
    one = policy.act({"front": images[2], "state": states[2]})
    assert batch.shape == (5, 3)
    assert one.shape == (3,)
    assert np.abs(batch).max() <= 1
    np.testing.assert_allclose(one, batch[2], atol=1e-6)


def test_act_without_statistics_is_refused():
    policy = assemble(parts(), PUSH, XYZ)
    with pytest.raises(BczooError, match="statistics are missing"):
        policy.act({"front": np.zeros((84, 84, 3), np.uint8), "state": np.zeros(3)})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"front": None}, "has no 'front'"),
        ({"front": np.zeros((84, 84, 3), np.float32)}, "float32"),
        ({"front": np.zeros((64, 84, 3), np.uint8)}, r"\(1, 64, 84, 3\)"),
        ({"state": None}, "has no 'state'"),
        ({"state": np.zeros(4)}, r"'state' is float32 \(1, 4\)"),
    ],
)
def test_a_wrong_observation_is_explained(change, says):
    obs = {"front": np.zeros((84, 84, 3), np.uint8), "state": np.zeros(3)} | change
    with pytest.raises(BczooError, match=says):
        ready(parts()).act({key: value for key, value in obs.items() if value is not None})


def test_a_policy_with_history_says_that_it_needs_a_memory():
    policy = ready(parts(steps=2), Obs(steps=2, images=PUSH.images, state=3))
    with pytest.raises(BczooError, match=r"policy\.actor\(\)"):
        policy.act({"front": np.zeros((84, 84, 3), np.uint8), "state": np.zeros(3)})
