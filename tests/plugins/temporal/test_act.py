"""ACT: the seed's tokens, a decoder of which every layer counts, and the paper's latent."""

import pytest
import torch
from test_temporal import SMALL, SMALL_ACT, B, H, T, made, seen

from bczoo.plugins.temporal import Act
from bczoo.plugins.temporal.attention_net import sinusoid
from bczoo.plugins.temporal.latent_net import kl_to_standard_normal


def test_tokens_are_projections_added_with_time_and_place():
    module, (x_BTND, state_BTS, *_) = made(SMALL["act"]), seen()
    tokens = module._tokens(x_BTND, state_BTS).view(B, T, 2, 32)
    for place in range(2):
        expected = module.visual(x_BTND[:, :, place]) + module.state(state_BTS) + sinusoid(T, 32)
        torch.testing.assert_close(tokens[:, :, place], expected + module.place_ND[place])


def test_one_token_a_step_needs_no_place():
    assert made(SMALL["act"], tokens=1).place_ND is None


def test_the_transformer_is_torchs_own():
    module, (x_BTND, state_BTS, *_) = made(SMALL["act"]).eval(), seen()
    memory = module._tokens(x_BTND, state_BTS)
    for layer in module.encoder.layers:
        memory = layer(memory)
    queries = module.query_HD.expand(B, -1, -1)
    for layer in module.decoder:
        queries = layer(queries, memory)
    torch.testing.assert_close(module(x_BTND, state_BTS).x_BHD, queries)


@pytest.mark.parametrize("layer", range(3))
def test_no_decoder_layer_is_left_out(layer):
    module, (x_BTND, state_BTS, *_) = made(SMALL["act"]).eval(), seen()
    before = module(x_BTND, state_BTS).x_BHD
    with torch.no_grad():
        module.decoder[layer].multihead_attn.out_proj.weight.mul_(-1)
    assert (module(x_BTND, state_BTS).x_BHD - before).abs().max() > 1e-3


def test_by_default_nothing_of_the_demonstration_is_looked_at():
    module, (x_BTND, state_BTS, demo_BHA, mask_BH) = made(Act(**SMALL_ACT, dropout=0.0)).train(), seen()
    output = module(x_BTND, state_BTS, demo_BHA, mask_BH)
    torch.testing.assert_close(output.x_BHD, module(x_BTND, state_BTS).x_BHD)
    assert output.penalties == {}


def test_the_penalty_is_there_in_training_only():
    module, windows = made(SMALL["act-cvae"]), seen()
    penalty = module.train()(*windows).penalties["kl"]
    assert penalty.shape == ()
    assert penalty > 0
    assert module.eval()(*windows).penalties == {}


def test_the_penalty_is_weighted():
    once, ten = (made(Act(**SMALL_ACT, dropout=0.0, cvae=True, kl_weight=weight)) for weight in (1.0, 10.0))
    torch.testing.assert_close(ten(*seen()).penalties["kl"], 10 * once(*seen()).penalties["kl"])


def test_outside_training_the_latent_is_zero_and_the_demonstration_unseen():
    module, (x_BTND, state_BTS, demo_BHA, mask_BH) = made(SMALL["act-cvae"]).eval(), seen()
    assert torch.equal(module(x_BTND, state_BTS, demo_BHA, mask_BH).x_BHD, module(x_BTND, state_BTS).x_BHD)
    token, _ = module.latent(state_BTS[:, -1], None, None)
    torch.testing.assert_close(token, module.latent.token.bias.expand_as(token))


def test_in_training_the_latent_tells_of_the_demonstration():
    module = made(Act(**SMALL_ACT, dropout=0.0, cvae=True))
    x_BTND, state_BTS, demo_BHA, mask_BH = seen()
    outputs = []
    for demo in (demo_BHA, -demo_BHA):
        torch.manual_seed(3)  # the same noise
        outputs.append(module(x_BTND, state_BTS, demo, mask_BH).x_BHD)
    assert (outputs[0] - outputs[1]).abs().max() > 1e-4


def test_the_latents_encoder_does_not_see_padding():
    latent = made(Act(**SMALL_ACT, dropout=0.0, cvae=True)).latent
    _, state_BTS, demo_BHA, mask_BH = seen()
    assert not mask_BH[1].all()
    changed = torch.where(mask_BH.unsqueeze(-1), demo_BHA, 100.0)
    for one, other in zip(
        latent.encode(state_BTS[:, -1], demo_BHA, mask_BH),
        latent.encode(state_BTS[:, -1], changed, mask_BH),
        strict=True,
    ):
        torch.testing.assert_close(one, other)
    everything, _ = latent.encode(state_BTS[:, -1], changed, torch.ones(B, H, dtype=torch.bool))
    assert (everything[1] - latent.encode(state_BTS[:, -1], changed, mask_BH)[0][1]).abs().max() > 1e-3


def test_the_divergence_is_zero_for_the_prior_and_positive_elsewhere():
    zero = torch.zeros(B, 4)
    assert kl_to_standard_normal(zero, zero).item() == 0.0
    mean, log_var = torch.randn(100, B, 4), torch.randn(100, B, 4)
    for m, v in zip(mean, log_var, strict=True):
        posterior = torch.distributions.Normal(m, (0.5 * v).exp())
        expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(-1).mean()
        torch.testing.assert_close(kl_to_standard_normal(m, v), expected)
        assert expected > 0
