"""What the zoo asks of every part, asked of every part that is installed."""

import pytest
import torch
from tiny import names

from bczoo.card import build
from bczoo.engine.parts import Prediction
from bczoo.registry import zoo
from bczoo.testing import check_component, parametrize_parts
from bczoo.testing.forms import PlainForm, box

# The options that change what a part promises most.
VARIANTS = [
    ("backbone", "cnn", {"pool": "flatten"}),
    ("backbone", "cnn", {"pool": "spatial_softmax", "cameras": "separate"}),
    ("backbone", "resnet18", {"norm": "group", "tokens": "grid"}),
    ("backbone", "resnet18", {"freeze": True}),
    ("backbone", "timm", {"model": "test_vit", "tokens": "grid"}),
    ("temporal", "gru", {"memory": "carry"}),
    ("temporal", "lstm", {"memory": "carry", "layers": 2}),
    ("temporal", "act", {"cvae": True, "d_model": 32, "heads": 2}),
    ("action", "spherical", {"magnitude": "sigmoid_tanh", "wrap": False, "metric": "plain"}),
    ("action", "spherical", {"metric": "plain"}),
    ("head", "mlp", {"hidden": (), "activation": "gelu"}),
    ("augmentation", "shift", {"pixels": 40}),
    ("augmentation", "crop", {"scale_min": 0.1}),
    ("augmentation", "color_jitter", {"brightness": 0.0, "contrast": 0.0, "saturation": 1.0}),
    ("augmentation", "state_noise", {"std": (0.1, 0.0, 2.0)}),
    ("env", "push", {"layout": "any", "shape": "box", "cameras": ("front", "top"), "height": 20, "width": 24}),
]


@parametrize_parts()
def test_every_part_keeps_the_contract_of_its_kind(part):
    check_component(part)


@pytest.mark.parametrize(("kind", "name", "options"), VARIANTS, ids=lambda value: str(value))
def test_so_it_does_with_other_options(kind, name, options):
    check_component(zoo().get(kind, name), **options)


@pytest.mark.parametrize("name", names("loss"))
def test_a_loss_is_zero_for_the_expert(name):
    form, loss = PlainForm(None, box(3)), build(zoo().get("loss", name).options())
    action = torch.rand(2, 3, 3)
    assert not loss(Prediction(point_BHP=action), action, form).any()


@pytest.mark.parametrize("name", names("loss"))
def test_magnitude_weighting_makes_large_movements_count_more(name):
    card = zoo().get("loss", name)
    form = PlainForm(None, box(4))
    action = torch.zeros(1, 1, 4)
    action[..., 0], action[..., 1] = 0.6, 0.8  # of length 1
    plain, weighted = (
        build(card.options(magnitude_weight=w))(Prediction(point_BHP=action + 0.1), action, form).item() for w in (0, 2)
    )
    assert weighted == pytest.approx(3 * plain)


@pytest.mark.parametrize("name", names("optimizer"))
@pytest.mark.parametrize("schedule", names("schedule"))
def test_every_optimiser_goes_with_every_schedule(name, schedule):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = build(zoo().get("optimizer", name).options(), [{"params": [weight]}])
    changer = build(zoo().get("schedule", schedule).options(), optimizer, 4)
    for _ in range(4):
        weight.square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        changer.step_end()
        changer.epoch_end(1.0)
    assert weight.square().sum() < 3
    assert type(optimizer) is getattr(torch.optim, name)
