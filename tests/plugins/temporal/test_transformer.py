"""The causal transformer: no step knows of a later one."""

import pytest
import torch
from test_temporal import SMALL, T, made, seen

from bczoo.plugins.temporal.attention_net import EncoderStack


@pytest.mark.parametrize("grad", [True, False])
def test_later_frames_change_nothing_at_earlier_steps(grad):
    module, (x_BTND, state_BTS, *_) = made(SMALL["transformer"]).eval(), seen()
    order = torch.tensor([0, 1, 3, 2])
    with torch.set_grad_enabled(grad):
        before = module.encode(x_BTND, state_BTS)
        after = module.encode(x_BTND[:, order], state_BTS[:, order])
    torch.testing.assert_close(after[:, :2], before[:, :2], atol=1e-6, rtol=0)
    assert (after[:, 2:] - before[:, 2:]).abs().amax((0, 2)).min() > 1e-3


def test_the_last_step_sees_all_of_them():
    module, (x_BTND, state_BTS, *_) = made(SMALL["transformer"]).eval(), seen()
    x_BTND.requires_grad_()
    module(x_BTND, state_BTS).x_BHD.square().sum().backward()
    assert (x_BTND.grad.abs().amax((0, 2, 3)) > 0).tolist() == [True] * T


def test_layers_start_out_different_from_each_other():
    first, second, _ = made(SMALL["transformer"]).encoder.layers
    assert not torch.equal(first.linear1.weight, second.linear1.weight)


def test_the_first_token_alone_is_what_the_whole_stack_makes_of_it():
    stack = EncoderStack(3, 16, 2, dim_feedforward=32, dropout=0.0)
    x_BLD = torch.randn(4, 5, 16, requires_grad=True)
    padding_BL = torch.zeros(4, 5, dtype=torch.bool)
    padding_BL[0, 3:] = True
    whole, first = stack(x_BLD, padding_BL=padding_BL)[:, 0], stack.first(x_BLD, padding_BL)
    torch.testing.assert_close(first, whole)
    gradients = [torch.autograd.grad(out.square().sum(), x_BLD)[0] for out in (whole, first)]
    torch.testing.assert_close(*gradients)
