"""The scripted expert of the push task: one memoryless, deterministic rule on Python floats.

Positions are world coordinates in metres, actions are gripper velocities in units of MAX_SPEED. There is
never a choice between two equally good sides, so what it does can be learnt by regression. Only correctly
rounded operations are used: the same state gives the same bits on every machine.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Final, Literal

from bczoo.plugins.envs.push_scene import BLOCK_HALF, MAX_SPEED, TIP_RADIUS

Action = tuple[float, float, float]

GAIN: Final = 6.0 / MAX_SPEED  # action per metre of error
TRAVEL_HEIGHT: Final = 0.085
CLEAR_HEIGHT: Final = 0.07  # from here on the tip passes above the block
PUSH_HEIGHT: Final = 0.019
LOW: Final = 0.031  # below, the gripper counts as being down beside the block
CORRIDOR: Final = 0.018  # how far off the line of push a gripper that is down may be
APPROACH_GAP: Final = 0.02
ARRIVED: Final = 0.012
STEER_WIDTH: Final = 0.02
MAX_STEER: Final = 0.8

# Distance of the two centres at contact; a box may meet the gripper with a corner.
CONTACT: Final = {
    "cylinder": BLOCK_HALF + TIP_RADIUS,
    "box": 1.42 * BLOCK_HALF + TIP_RADIUS,
}


def push_action(
    gripper: Sequence[float],
    block: Sequence[float],
    goal: Sequence[float],
    shape: Literal["cylinder", "box"],
) -> Action:
    """The expert's action (x, y, z), each in [-1, 1].

    `gripper` is (x, y, z) of the tip; of `block` and `goal` only (x, y) are read. Down behind the block and
    near the line from block to goal, it pushes along that line, steering back onto it; anywhere else it
    goes, above the block, to the point just behind it and descends there.
    """
    contact = CONTACT[shape]
    ux, uy = _direction(block, goal)
    dx, dy, z = gripper[0] - block[0], gripper[1] - block[1], gripper[2]
    along, aside = dx * ux + dy * uy, dy * ux - dx * uy
    if z < LOW and along < -0.5 * contact and abs(aside) < CORRIDOR:
        return _push(ux, uy, aside, z)
    start = -(contact + APPROACH_GAP)
    to_x, to_y = start * ux - dx, start * uy - dy
    near = sqrt(dx * dx + dy * dy) < contact + 0.01
    # Once it is on its way down behind the block it goes on, a little off the point or not: a rule that sent
    # it up again would leave learners hanging where both answers average to standing still.
    behind = z < CLEAR_HEIGHT and along < -contact and abs(aside) < CORRIDOR
    return _approach(to_x, to_y, z, near, behind)


def _direction(block: Sequence[float], goal: Sequence[float]) -> tuple[float, float]:
    """Unit vector from the block to the goal."""
    x, y = goal[0] - block[0], goal[1] - block[1]
    length = max(sqrt(x * x + y * y), 1e-9)
    return x / length, y / length


def _push(ux: float, uy: float, aside: float, z: float) -> Action:
    steer = _clip(aside / STEER_WIDTH, MAX_STEER)
    vx, vy = ux + uy * steer, uy - ux * steer
    speed = max(1.0, sqrt(vx * vx + vy * vy))
    return vx / speed, vy / speed, _climb(PUSH_HEIGHT, z)


def _approach(to_x: float, to_y: float, z: float, near: bool, behind: bool) -> Action:
    if behind or sqrt(to_x * to_x + to_y * to_y) < ARRIVED:
        height = PUSH_HEIGHT
    else:
        height = TRAVEL_HEIGHT
        if near and z < CLEAR_HEIGHT:  # lift first, so as not to drag the block along
            return 0.0, 0.0, _climb(height, z)
    ax, ay = GAIN * to_x, GAIN * to_y
    scale = max(1.0, abs(ax), abs(ay))
    return ax / scale, ay / scale, _climb(height, z)


def _climb(height: float, z: float) -> float:
    return _clip(GAIN * (height - z), 1.0)


def _clip(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
