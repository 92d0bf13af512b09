"""A dozen and more families of timm: what is declared is what is seen, or the refusal is clear."""

import numpy as np
import pytest
import torch
from zoo_parts import PUSH, XYZ, on_meta, seen, spec_of

from bczoo.card import build
from bczoo.engine.assembly import assemble
from bczoo.errors import BczooError
from bczoo.plugins.backbones import Timm

# model -> pooled and grid at 84x84, or at the model's own size where that is fixed
FAMILIES = {
    "resnet10t": ("1x1x512", "1x9x512"),
    "mobilenetv3_small_050": ("1x1x1024", "1x9x288"),
    "efficientnet_lite0": ("1x1x1280", "1x9x1280"),
    "convnext_atto": ("1x1x320", "1x4x320"),
    "regnetx_002": ("1x1x368", "1x9x368"),
    "poolformer_s12": ("1x1x512", "1x9x512"),
    "mobilevit_xxs": ("1x1x320", "1x9x320"),
    "vit_tiny_patch16_224": ("1x1x192", "1x197x192"),
    "deit_tiny_distilled_patch16_224": ("1x1x192", "1x198x192"),
    "swin_tiny_patch4_window7_224": ("1x1x768", "1x49x768"),  # channels last
    "mambaout_femto": ("1x1x1152", "1x9x288"),  # channels last
    "mixer_s32_224": ("1x1x512", "1x49x512"),
    "levit_128s": ("1x1x384", "1x16x384"),
    "efficientformer_l1": ("1x1x448", "1x49x448"),
}


@pytest.mark.parametrize("model", FAMILIES)
def test_a_family_gives_what_it_declares(model):
    pooled, grid = FAMILIES[model]
    assert seen(Timm(model=model))[0] == pooled
    assert seen(Timm(model=model, tokens="grid"))[0] == grid


@pytest.mark.parametrize(
    ("model", "tokens", "gives"),
    [
        ("vit_tiny_patch16_224", "grid", "1x37x192"),  # built for another size
        ("swin_tiny_patch4_window7_224", "grid", "1x9x768"),
        ("hrnet_w18_small", "pooled", "1x1x2048"),  # resized
        ("resnet10t", "grid", "1x9x512"),
    ],
)
def test_image_size_changes_the_model_or_the_image(model, tokens, gives):
    assert seen(Timm(model=model, tokens=tokens, image_size=96))[0] == gives


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "resnet81"}, r"has no model 'resnet81'; did you mean 'resnet\d+'"),
        ({"model": "qqqq"}, r"has no model 'qqqq'; timm\.list_models\(\)"),
        ({"model": "hf-hub:timm/resnet18"}, "has no model"),
        ({"model": "resnet18.nowhere_in1k"}, r"Invalid pretrained tag \(nowhere_in1k\)"),
        ({"model": "hrnet_w18_small"}, r"does not take images of 84x84 .* set image_size, e\.g\. to its own 224"),
        ({"model": "crossvit_tiny_240", "tokens": "grid"}, "no grid; use tokens = pooled"),
        ({"model": "xcit_nano_12_p16_224", "image_size": 8}, "image_size"),
    ],
    ids=str,
)
def test_a_refusal_is_clear(options, says):
    with pytest.raises(BczooError, match=rf"backbone 'timm' \(bczoo .*\) cannot be built here: .*{says}"):
        seen(Timm(**options))


def test_images_are_normalised_as_the_model_is_used_to():
    policy = assemble(spec_of(Timm(model="vit_tiny_patch16_224", image_size=16)), PUSH, XYZ)
    assert policy.backbone.mean == policy.backbone.std == (0.5, 0.5, 0.5)
    image = torch.tensor([0, 51, 255], dtype=torch.uint8).expand(1, 84, 84, 3)
    assert policy._normalized(image)[0, :, 0, 0].tolist() == pytest.approx([-1.0, -0.6, 1.0], abs=1e-6)
    assert np.allclose(on_meta(Timm(model="resnet10t")).mean, (0.485, 0.456, 0.406))


@pytest.mark.parametrize("model", ["test_resnet", "test_convnext", "mobilenetv3_small_050"])
@pytest.mark.parametrize("tokens", ["pooled", "grid"])
def test_every_weight_that_is_to_learn_gets_a_gradient(model, tokens):
    torch.manual_seed(0)
    timm = build(Timm(model=model, tokens=tokens), PUSH).eval()
    timm({"front": torch.randn(2, 3, 84, 84)}).square().sum().backward()
    for name, parameter in timm.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
    idle = [name for name, parameter in timm.named_parameters() if not parameter.requires_grad]
    assert bool(idle) == (tokens == "grid" and model != "test_resnet")


def test_what_tokens_look_at_follows_the_places_of_the_image():
    """Channels-first and channels-last maps are read alike: row by row."""
    torch.manual_seed(0)
    for model in ("test_resnet", "mambaout_femto"):
        timm = build(Timm(model=model, tokens="grid"), PUSH).eval()
        x = torch.zeros(1, 3, 96, 96)
        x[..., :32, 64:] = 50.0  # top right: the third of nine
        with torch.no_grad():
            moved = (timm({"front": x}) - timm({"front": torch.zeros_like(x)})).norm(dim=-1)[0]
        assert moved.argmax() == 2
