"""The order of training: every window once an epoch, stretches whole, everything a function of the generator."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from bczoo.engine.order import epoch_order

episodes = st.lists(st.integers(1, 12), min_size=1, max_size=8)


def order(lengths, stretch, seed):
    episode_W = torch.arange(len(lengths)).flip(0).repeat_interleave(torch.tensor(lengths))
    return episode_W, epoch_order(episode_W, stretch, torch.Generator().manual_seed(seed))


@given(lengths=episodes, stretch=st.integers(1, 6), seed=st.integers(0, 99))
def test_an_epoch_holds_every_window_once_and_repeats_itself(lengths, stretch, seed):
    _, found = order(lengths, stretch, seed)
    assert sorted(found.tolist()) == list(range(sum(lengths)))
    assert torch.equal(found, order(lengths, stretch, seed)[1])


@given(lengths=episodes, stretch=st.integers(2, 6), seed=st.integers(0, 99))
def test_stretches_are_consecutive_windows_of_one_episode(lengths, stretch, seed):
    episode_W, found = order(lengths, stretch, seed)
    joined = (found.diff() == 1) & (episode_W[found[1:]] == episode_W[found[:-1]])
    # An episode of n windows, cut at any phase, falls into at most this many pieces.
    most = sum((length + stretch - 2) // stretch + 1 for length in lengths)
    assert len(found) - int(joined.sum()) <= most


def test_stretches_are_cut_elsewhere_in_every_epoch():
    episode_W, generator = torch.zeros(40, dtype=torch.int64), torch.Generator().manual_seed(0)
    cuts = set()
    for _ in range(20):
        found = epoch_order(episode_W, 4, generator).tolist()
        starts = [b for a, b in zip([-9, *found], found, strict=False) if b != a + 1 and b]
        cuts.add(min(start % 4 for start in starts))
    assert cuts == {0, 1, 2, 3}
