"""What every temporal module of the seed zoo must do, and the pieces that they share."""

import math

import pytest
import torch

from bczoo.card import build
from bczoo.plugins.temporal import Act, Gru, Lstm, NoTemporal, Transformer
from bczoo.plugins.temporal.attention_net import sinusoid
from bczoo.schema import Mistakes, structure_part
from bczoo.shapes import Features

SMALL_ACT = {"d_model": 32, "heads": 4, "encoder_layers": 2, "decoder_layers": 3, "dim_feedforward": 48}
SMALL = {
    "none": NoTemporal(),
    "gru": Gru(hidden=16, layers=2),
    "lstm": Lstm(hidden=16, layers=2),
    "act": Act(**SMALL_ACT),
    "act-cvae": Act(**SMALL_ACT, cvae=True, latent=4),
    "transformer": Transformer(d_model=32, heads=4, layers=3),
}
B, T, N, D, S, H, A = 3, 4, 2, 5, 3, 6, 4

every_module = pytest.mark.parametrize("options", SMALL.values(), ids=SMALL)


def made(options, steps=T, tokens=N, width=D, state=S, horizon=H):
    torch.manual_seed(0)
    return build(options, Features(steps=steps, tokens=tokens, width=width), state, horizon, A)


def seen(steps=T, tokens=N, width=D, state=S, horizon=H, batch=B):
    generator = torch.Generator().manual_seed(1)
    mask_BH = torch.arange(horizon) < torch.tensor([horizon, max(1, horizon - 2), horizon])[:batch, None]
    return (
        torch.randn(batch, steps, tokens, width, generator=generator),
        torch.randn(batch, steps, state, generator=generator),
        torch.rand(batch, horizon, A, generator=generator) * 2 - 1,
        mask_BH,
    )


def backward(output):
    # Weights that differ, because a plain sum behind a layer norm is constant.
    weights = torch.randn(output.x_BHD.shape, generator=torch.Generator().manual_seed(2))
    ((output.x_BHD.float() * weights).sum() + sum(output.penalties.values())).backward()


@every_module
@pytest.mark.parametrize(("steps", "tokens", "state", "horizon"), [(1, 1, 3, 1), (4, 2, 3, 6), (3, 1, 0, 2)])
def test_the_declared_context_is_what_comes_out(options, steps, tokens, state, horizon):
    module = made(options, steps, tokens, state=state, horizon=horizon)
    output = module(*seen(steps, tokens, state=state, horizon=horizon))
    assert output.x_BHD.shape == (B, horizon, module.context.width)
    assert module.context.horizon == horizon


@every_module
def test_a_policy_without_cameras_has_no_tokens_only_states(options):
    module = made(options, tokens=0, width=0).eval()
    x_BTND, state_BTS, *_ = seen(tokens=0, width=0)
    moved = module(x_BTND, state_BTS + 1).x_BHD
    assert (moved - module(x_BTND, state_BTS).x_BHD).abs().max() > 1e-3


@every_module
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_every_parameter_takes_part_in_a_training_step(options, precision):
    module = made(options).train()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision is torch.bfloat16):
        output = module(*seen())
    backward(output)
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@every_module
def test_actions_of_a_chunk_differ(options):
    x_BHD = made(options).eval()(*seen()).x_BHD
    assert (x_BHD[:, 1:] - x_BHD[:, :1]).abs().amax((0, 2)).min() > 1e-3


@every_module
def test_the_order_of_the_steps_matters(options):
    module, (x_BTND, state_BTS, *_) = made(options).eval(), seen()
    there, back = module(x_BTND, state_BTS).x_BHD, module(x_BTND.flip(1), state_BTS.flip(1)).x_BHD
    assert (there - back).abs().max() > 1e-3


@every_module
def test_what_rollout_computes_is_what_training_computed(options):
    # With and without gradients torch takes different paths through a transformer.
    module, (x_BTND, state_BTS, *_) = made(options).eval(), seen()
    with torch.inference_mode():
        rollout = module(x_BTND, state_BTS).x_BHD
    torch.testing.assert_close(rollout, module(x_BTND, state_BTS).x_BHD, atol=1e-5, rtol=0)


# Tokens of the seed's CNN (1 x 64), its state of 3, chunks of 8.
@pytest.mark.parametrize(
    ("options", "count"),
    [
        (NoTemporal(), 8 * 67),
        (Gru(), 75_648 + 8 * 128),
        (Lstm(), 100_864 + 8 * 128),
        (Act(), 16_830_464 + (64 + 1 + 3 + 1 + 8) * 512),
        (Transformer(), 3_176_960 + 8 * 256),
    ],
    ids=["none", "gru", "lstm", "act", "transformer"],
)
def test_the_defaults_have_the_sizes_that_the_documentation_gives(options, count):
    with torch.device("meta"):
        module = made(options, steps=1, tokens=1, width=64, state=3, horizon=8)
    assert sum(parameter.numel() for parameter in module.parameters()) == count


def test_positions_follow_the_formula():
    for width in (8, 7):
        table = sinusoid(50, width)
        for place in (0, 1, 7, 49):
            for column in range(width):
                angle = place / 10000 ** (2 * (column // 2) / width)
                expected = math.sin(angle) if column % 2 == 0 else math.cos(angle)
                assert table[place, column].item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["act", "transformer"])
def test_a_width_that_heads_cannot_share_is_a_mistake(name):
    with pytest.raises(Mistakes, match=r"d_model = 100 cannot be shared out to heads = 8; set d_model = 96"):
        structure_part({"use": name, "d_model": 100, "heads": 8}, "temporal")
