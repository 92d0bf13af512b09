"""States of any shape go to a file and come back as they were."""

import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bczoo.engine.chance import chance_state, restore_chance
from bczoo.engine.states import States
from bczoo.engine.tree import pack, unpack
from bczoo.errors import BczooError

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.integers(-99, 99).map(torch.tensor)
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=3),
    ),
    max_leaves=20,
)


def same(one, two):
    if isinstance(one, float) and math.isnan(one):
        return isinstance(two, float) and math.isnan(two)
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(two) and len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, torch.Tensor):
        return isinstance(two, torch.Tensor) and torch.equal(one, two)
    return type(one) is type(two) and one == two


@given(trees)
def test_every_tree_survives_being_packed(tree):
    assert same(tree, unpack(*pack(tree)))


@pytest.mark.parametrize(
    "tree",
    [
        {"a.b": torch.tensor(1), "a": {"b": torch.tensor(2)}},
        {1: torch.tensor(1), "1": torch.tensor(2), "1'": torch.tensor(3)},
        {"a.0": torch.tensor(1), "a": [torch.tensor(2)]},
    ],
)
def test_tensors_whose_places_read_alike_are_kept_apart(tree):
    assert same(tree, unpack(*pack(tree)))


def test_tensors_come_back_through_a_file_bit_for_bit(tmp_path):
    tree = {"a": [torch.tensor([math.nan, -0.0]), (torch.arange(3), 1.5)], 7: {"$tensor": "no tensor"}, "e": math.inf}
    states = States(tmp_path, keep=1)
    states.save(3, tree)
    back = states.latest()
    assert back["a"][0].view(torch.int32).tolist() == tree["a"][0].view(torch.int32).tolist()
    assert torch.equal(back["a"][1][0], torch.arange(3))
    assert (back[7], back["e"], back["a"][1][1]) == ({"$tensor": "no tensor"}, math.inf, 1.5)


@pytest.mark.parametrize("value", [object(), {1, 2}, np.float64, b"bytes"])
def test_what_no_file_can_hold_is_named_with_its_place(value):
    with pytest.raises(BczooError, match=r"state\.callbacks\.0\.best is a "):
        pack({"callbacks": [{"best": value}]})
    with pytest.raises(BczooError, match="has the key"):
        pack({(1, 2): 3})


def test_all_chance_can_be_taken_back():
    def draw():
        return random.random(), random.gauss(0, 1), np.random.standard_normal(), torch.rand(3).tolist()

    draw()
    random.gauss(0, 1)  # leaves a spare number behind
    state = unpack(*pack(chance_state()))
    first = [draw() for _ in range(3)]
    restore_chance(state)
    assert [draw() for _ in range(3)] == first
