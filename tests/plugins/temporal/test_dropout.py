"""Dropout on the CPU: right shares, right scale, every element by itself, and under torch's seed."""

import pytest
import torch
from torch import nn

from bczoo.plugins.temporal.attention_net import EncoderStack
from bczoo.plugins.temporal.dropout_net import Dropout, scaled_mask, with_light_dropout


def dropped(p, size=100_001, seed=0, dtype=torch.float32):
    torch.manual_seed(seed)
    return Dropout(p)(torch.ones(size, dtype=dtype))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_a_share_p_is_zero_and_the_rest_keeps_the_mean(p):
    kept = dropped(p)
    deviation = (p * (1 - p) / len(kept)) ** 0.5
    assert (kept == 0).float().mean().item() == pytest.approx(p, abs=5 * deviation)
    assert kept[kept != 0].unique().tolist() == pytest.approx([1 / (1 - p)])


def test_neighbours_that_share_a_draw_are_independent():
    zero = (dropped(0.5, 400_000) == 0).float().view(-1, 4)
    assert (zero.T.corrcoef() - torch.eye(4)).abs().max() < 0.02


def test_the_same_seed_gives_the_same_mask_and_each_call_another():
    torch.testing.assert_close(dropped(0.3), dropped(0.3))
    again = dropped(0.3), Dropout(0.3)(torch.ones(100_001))
    assert not torch.equal(*again)


def test_gradients_pass_where_values_did_and_types_stay():
    x = torch.ones(999, dtype=torch.bfloat16, requires_grad=True)
    torch.manual_seed(1)
    out = Dropout(0.25)(x)
    out.sum().backward()
    assert out.dtype == torch.bfloat16
    assert torch.equal(x.grad, out.detach())


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_nothing_and_everything_are_exact(p):
    assert dropped(p, 50).tolist() == [1.0 - p] * 50


def test_an_odd_shape_is_filled():
    assert scaled_mask(torch.Size((3, 5, 7)), 0.5, torch.float32).shape == (3, 5, 7)
    assert scaled_mask(torch.Size(()), 0.5, torch.float32).shape == ()


def test_evaluation_drops_nothing():
    x = torch.randn(10)
    assert torch.equal(Dropout(0.5).eval()(x), x)


def test_every_dropout_of_a_layer_is_replaced_and_keeps_its_probability():
    layer = with_light_dropout(nn.TransformerDecoderLayer(8, 2, 16, dropout=0.2))
    kinds = {(type(module), module.p) for module in layer.modules() if isinstance(module, nn.Dropout)}
    assert kinds == {(Dropout, 0.2)}


def test_stacks_have_it():
    stack = EncoderStack(2, 8, 2, dim_feedforward=16, dropout=0.1)
    assert sum(type(module) is Dropout for module in stack.modules()) == 6
