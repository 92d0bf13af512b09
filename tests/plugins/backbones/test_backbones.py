"""What the backbones emit, of what size they are, and what freezing and separate weights mean."""

import pytest
import torch
from torch import nn
from torchvision.ops import FrozenBatchNorm2d
from zoo_parts import PUSH, TWO, XYZ, images, on_meta, seen, spec_of

from bczoo.card import build
from bczoo.engine.assembly import assemble
from bczoo.errors import BczooError
from bczoo.plugins.backbones import Cnn, NoBackbone, Resnet18, Timm, VitB16
from bczoo.schema import Mistakes, structure_part
from bczoo.shapes import Obs

RESNET = 11_176_512  # torchvision's 11,689,512 without its 512x1000 + 1000 classifier
VIT = 85_675_776  # at 96: 85,798,656 without classifier at 224, less 160 positions of 768


def of_size(height, width):
    return Obs(steps=1, images={"front": (height, width, 3)}, state=3)


@pytest.mark.parametrize(
    ("backbone", "gives", "parameters"),
    [
        (Resnet18(), "1x1x512", RESNET),
        (Resnet18(tokens="grid"), "1x9x512", RESNET),
        (Resnet18(norm="group"), "1x1x512", RESNET),
        (Resnet18(norm="frozen"), "1x1x512", RESNET - 2 * 4800),
        (VitB16(), "1x1x768", VIT),
        (VitB16(tokens="all"), "1x37x768", VIT),
        (VitB16(image_size=224, tokens="all"), "1x197x768", VIT + 160 * 768),
    ],
    ids=str,
)
def test_the_seeds_backbones_have_its_widths_and_sizes(backbone, gives, parameters):
    assert seen(backbone) == (gives, parameters)


@pytest.mark.parametrize("size", [(20, 24), (85, 83), (240, 320)])
@pytest.mark.parametrize(
    "backbone", [Resnet18(), Resnet18(tokens="grid"), VitB16(tokens="all"), Timm(tokens="grid")], ids=str
)
def test_any_image_size_fits(backbone, size):
    seen(backbone, of_size(*size))


@pytest.mark.parametrize(
    ("one", "separate"),
    [
        (Cnn(), Cnn(cameras="separate")),
        (Resnet18(), Resnet18(cameras="separate")),
        (VitB16(), VitB16(cameras="separate")),
        (Timm(model="test_resnet"), Timm(model="test_resnet", cameras="separate")),
    ],
    ids=lambda options: type(options).__name__,
)
def test_cameras_share_their_weights_or_have_their_own(one, separate):
    gives, parameters = seen(one, TWO)
    assert gives == seen(one)[0].replace("1x1x", "1x2x")
    assert parameters == seen(one)[1]
    assert seen(separate, TWO) == (gives, 2 * parameters)


def test_separate_weights_see_each_camera_with_its_own():
    torch.manual_seed(0)
    cnn = build(Cnn(cameras="separate"), TWO)
    given = images(TWO)
    alike = {"front": given["front"], "wrist": given["front"]}
    x_MND = cnn(alike)
    assert not torch.equal(x_MND[:, 0], x_MND[:, 1])
    torch.testing.assert_close(x_MND[:, 1:], cnn.encoders[1](given["front"]))
    x_MND = build(Cnn(), TWO)(alike)
    assert torch.equal(x_MND[:, 0], x_MND[:, 1])


def test_cameras_of_different_sizes_give_their_tokens_one_after_the_other():
    obs = Obs(steps=2, images={"front": (84, 84, 3), "wrist": (64, 48, 3)}, state=3)
    assert seen(Resnet18(tokens="grid"), obs)[0] == f"2x{9 + 4}x512"
    assert seen(Timm(model="test_resnet", tokens="grid"), obs)[0] == f"2x{9 + 4}x96"


def test_resnet_is_torchvisions_up_to_its_pooling():
    torch.manual_seed(0)
    pooled, x = build(Resnet18(), PUSH).eval(), images()["front"]
    grid = build(Resnet18(tokens="grid"), PUSH).eval()
    grid.load_state_dict(pooled.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(pooled({"front": x})[:, 0], pooled.encoders[0].net(x))
        torch.testing.assert_close(grid({"front": x}).mean(1), pooled.encoders[0].net(x))


def test_vit_is_torchvisions_up_to_its_class_token():
    torch.manual_seed(0)
    obs, x = of_size(32, 32), torch.randn(1, 3, 32, 32)
    vit = build(VitB16(image_size=32, tokens="all"), obs).eval()
    with torch.no_grad():
        x_MND = vit({"front": x})
        torch.testing.assert_close(x_MND[:, 0], vit.encoders[0].net(x))
        assert x_MND.shape == (1, 5, 768)
        assert vit({"front": torch.randn(1, 3, 84, 84)}).shape == (1, 5, 768)


@pytest.mark.parametrize(
    ("norm", "kind", "statistics_move"),
    [("batch", nn.BatchNorm2d, True), ("group", nn.GroupNorm, False), ("frozen", FrozenBatchNorm2d, False)],
)
def test_norms(norm, kind, statistics_move):
    resnet = build(Resnet18(norm=norm), PUSH).train()
    assert sum(isinstance(module, kind) for module in resnet.modules()) == 20
    before = {name: value.clone() for name, value in resnet.named_buffers()}
    resnet(images())
    assert all(torch.equal(value, before[name]) for name, value in resnet.named_buffers()) != statistics_move


@pytest.mark.parametrize("backbone", [Resnet18(freeze=True), Timm(model="test_resnet", freeze=True)], ids=str)
def test_what_is_frozen_neither_learns_nor_moves(backbone):
    policy = assemble(spec_of(backbone), PUSH, XYZ).train()
    before = {name: value.clone() for name, value in policy.backbone.state_dict().items()}
    state = torch.zeros(2, 1, 3)
    frames = {"front": torch.randint(0, 256, (2, 1, 84, 84, 3), dtype=torch.uint8)}
    prediction, _ = policy.decide(policy.encode(frames, state), state)
    prediction.point_BHP.sum().backward()
    assert all(parameter.grad is None for parameter in policy.backbone.parameters())
    assert any(parameter.grad is not None for parameter in policy.head.parameters())
    assert not policy.backbone.encoders.training
    assert policy.head.training
    assert all(torch.equal(value, before[name]) for name, value in policy.backbone.state_dict().items())


def test_what_is_not_frozen_learns():
    assert all(p.requires_grad for p in on_meta(VitB16()).parameters())
    assert not any(p.requires_grad for p in on_meta(VitB16(freeze=True)).parameters())


def test_no_backbone_leaves_the_state_alone():
    obs = Obs(steps=2, images={}, state=3)
    assert seen(NoBackbone(), obs) == ("2x0x0", 0)


def test_a_policy_that_would_see_nothing_is_refused():
    with pytest.raises(BczooError, match=r"backbone 'none' \(bczoo .*\) looks at no camera.*policy\.state = true"):
        assemble(spec_of(NoBackbone()), Obs(steps=1, images={}, state=0), XYZ)


@pytest.mark.parametrize("backbone", [Cnn(), Resnet18(), VitB16(), Timm()], ids=str)
def test_a_backbone_of_images_needs_a_camera(backbone):
    with pytest.raises(BczooError, match="looks at cameras, but the env has none"):
        assemble(spec_of(backbone), Obs(steps=1, images={}, state=3), XYZ)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"use": "vit_b16", "image_size": 84}, "must be a multiple of 16, the side of a patch, not 84; try 80"),
        ({"use": "resnet18", "weights": "imagnet"}, r'must be "auto", "imagenet", "none" or the path'),
        ({"use": "timm", "weights": "w.pth"}, r"\.safetensors"),
        ({"use": "timm", "image_size": -1}, ">= 0"),
    ],
)
def test_wrong_options_are_explained(table, says):
    with pytest.raises(Mistakes, match=says):
        structure_part(table, "backbone")


def test_equal_seeds_give_equal_weights():
    def weights():
        torch.manual_seed(3)
        return build(Timm(model="test_vit"), PUSH).state_dict()

    first, second = weights(), weights()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_frozen_normalisation_is_torchvisions():
    from bczoo.plugins.backbones.resnet_net import FrozenNorm

    theirs, ours = FrozenBatchNorm2d(5), FrozenNorm(5)
    for value in theirs.buffers():
        value.uniform_(0.5, 2.0)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 5, 4, 4)
    assert torch.allclose(ours(x), theirs(x), atol=1e-6)
    assert ours(x.bfloat16()).dtype == torch.bfloat16
