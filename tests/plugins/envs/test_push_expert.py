"""The rule of the push expert, away from the simulation."""

import random

import pytest

from bczoo.plugins.envs.push_expert import LOW, push_action

BLOCK, GOAL = (0.0, 0.0, 0.02), (0.15, 0.0)


def test_pushes_towards_the_goal_from_behind():
    x, y, _ = push_action((-0.05, 0.0, 0.019), BLOCK, GOAL, "cylinder")
    assert (x, y) == (1.0, 0.0)


def test_steers_back_onto_the_line():
    assert push_action((-0.05, 0.01, 0.019), BLOCK, GOAL, "cylinder")[1] < -0.3
    assert push_action((-0.05, -0.01, 0.019), BLOCK, GOAL, "cylinder")[1] > 0.3


def test_lifts_before_crossing_over_the_block():
    assert push_action((0.05, 0.0, LOW), BLOCK, GOAL, "cylinder")[:2] == (0.0, 0.0)
    x, _, z = push_action((0.05, 0.0, 0.085), BLOCK, GOAL, "cylinder")
    assert x < -0.9
    assert z == pytest.approx(0.0)


def test_actions_are_bounded_and_repeatable_even_at_the_goal():
    draw = random.Random(0)
    for shape in ("cylinder", "box"):
        for _ in range(500):
            gripper = tuple(draw.uniform(-0.3, 0.3) for _ in range(3))
            block = tuple(draw.uniform(-0.2, 0.2) for _ in range(3))
            for goal in (block[:2], (draw.uniform(-0.2, 0.2), 0.1)):
                action = push_action(gripper, block, goal, shape)
                assert action == push_action(gripper, block, goal, shape)
                assert all(-1.0 <= part <= 1.0 for part in action)
