"""GRU and LSTM: sequences, and the memory that is carried through an episode."""

import pytest
import torch
from test_temporal import B, D, N, S, made, seen

from bczoo.plugins.temporal import Gru, Lstm

CARD = {"gru": Gru, "lstm": Lstm}
every_network = pytest.mark.parametrize("card", CARD.values(), ids=CARD)


@every_network
def test_the_seeds_case_is_a_sequence_of_one_through_one_layer(card):
    module = made(card(), steps=1, horizon=1)
    x_BTND, state_BTS, *_ = seen(steps=1, horizon=1)
    expected, _ = module.rnn(torch.cat([x_BTND.flatten(2), state_BTS], -1))
    assert module.rnn.num_layers == 1
    assert module.context.width == 128
    torch.testing.assert_close(module(x_BTND, state_BTS).x_BHD, expected)


@every_network
@pytest.mark.parametrize("layers", [1, 2])
def test_carried_over_an_episode_is_the_whole_sequence_at_once(card, layers):
    module = made(card(hidden=16, layers=layers, memory="carry"), steps=2).eval()
    x_BTND, state_BTS, *_ = seen(steps=9)
    memory = module.start(B)
    for time in range(9):
        output, memory = module.step(x_BTND[:, time], state_BTS[:, time], memory)
        whole = module(x_BTND[:, : time + 1], state_BTS[:, : time + 1])
        torch.testing.assert_close(output.x_BHD, whole.x_BHD, atol=1e-6, rtol=0)


@every_network
def test_a_memory_has_the_batch_first(card):
    module = made(card(hidden=16, layers=2, memory="carry"))
    start = module.start(B)
    _, after = module.step(torch.zeros(B, N, D), torch.zeros(B, S), start)
    assert [m.shape for m in after] == [m.shape for m in start]
    assert all(m.shape == (B, 2, 16) for m in start)


@every_network
def test_only_a_carried_memory_makes_a_module_recurrent(card):
    assert made(card(memory="carry")).recurrent
    assert not made(card()).recurrent
