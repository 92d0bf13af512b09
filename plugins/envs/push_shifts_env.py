"""The push task's shifts: scenes that look or move otherwise than those in which demonstrations are collected."""

from collections.abc import Callable
from math import cos, pi, radians, sin
from typing import Any, Final

import mujoco
import numpy as np
from numpy.random import Generator

from bczoo.errors import InputError
from bczoo.plugins.envs.push_scene import AMBIENT, DIFFUSE, Light

SHIFTS: Final = {
    "camera_jitter": "each episode has its cameras up to 3 cm out of place along each axis and up to 3 degrees askew",
    "lighting": "each episode has its light from another side, 30 to 60 degrees off the vertical, up to 1.4 "
    "times as bright or as dark",
    "colours": "each episode has red, green and blue of every thing up to 0.15 of their range off",
    "block_shape": "the block is a brick of the same height, 1.5 times as long and 1.5 times as narrow",
    "friction": "friction between block and table is a quarter, so the block slides on",
}

PLACE: Final = 0.03  # metres
TURN: Final = radians(3.0)
TILT: Final = (radians(30.0), radians(60.0))
STEEPEST: Final = radians(85.0)
BRIGHTER: Final = 1.4
COLOUR: Final = 0.15
STRETCH: Final = 0.5
LONGEST: Final = 4.0  # of block_shape; then it is three times as long
STRONGEST: Final = 100.0  # of the others, with which nothing is left to be recognised
SLIP: Final = 0.25
_UNDER_BLOCK: Final = ("table", "block")

Change = Callable[[Any, Generator, float], Light]


def stretch(name: str, strength: float) -> float | None:
    """How much longer than wide the block becomes by this shift, both ways; None where it stays what it is.

    Raises InputError for a shift that there is not, and for one that is too strong.
    """
    if name not in SHIFTS:
        raise InputError(f"env 'push' has no shift {name!r}")
    if name != "block_shape":
        if strength > STRONGEST:
            raise InputError(f"shift {name}={strength:g}: the strongest is {name}={STRONGEST:g}")
        return None
    if strength > LONGEST:
        raise InputError(f"shift block_shape={strength:g}: a longer block than that of {LONGEST:g} is none to push")
    return 1.0 + STRETCH * strength


def slip(model: Any, strength: float) -> None:
    """Make a model's block and table slippery."""
    for geom in _UNDER_BLOCK:
        model.geom(geom).friction[0] *= SLIP**strength


class Looks:
    """How a model looks, episode by episode: as it was built, but for what one shift changes."""

    def __init__(self, model: Any, name: str, strength: float) -> None:
        self._model, self._change, self._strength = model, _CHANGES[name], strength
        self._places, self._turns = model.cam_pos.copy(), model.cam_quat.copy()
        self._colours = model.geom_rgba.copy()

    def draw(self, rng: Generator) -> Light:
        """Change the model for an episode; the light that falls on it."""
        model = self._model
        model.cam_pos[:], model.cam_quat[:], model.geom_rgba[:] = self._places, self._turns, self._colours
        return self._change(model, rng, self._strength)


def _jitter(model: Any, rng: Generator, strength: float) -> Light:
    model.cam_pos[:] += rng.uniform(-PLACE, PLACE, model.cam_pos.shape) * strength
    turn = np.empty(4)
    for quat in model.cam_quat:
        axis_angle = rng.uniform(-TURN, TURN, 3)
        angle = np.linalg.norm(axis_angle)
        mujoco.mju_axisAngle2Quat(turn, axis_angle / angle, angle * strength)
        mujoco.mju_mulQuat(quat, quat.copy(), turn)
    return Light()


def _lighting(model: Any, rng: Generator, strength: float) -> Light:
    side, tilt = rng.uniform(-pi, pi), min(rng.uniform(*TILT) * strength, STEEPEST)
    bright = BRIGHTER ** (strength * rng.uniform(-1.0, 1.0))
    direction = (sin(tilt) * cos(side), sin(tilt) * sin(side), cos(tilt))
    return Light(direction=direction, ambient=AMBIENT * bright, diffuse=DIFFUSE * bright)


def _colours(model: Any, rng: Generator, strength: float) -> Light:
    colours = model.geom_rgba[:, :3]
    colours[:] = np.clip(colours + strength * rng.uniform(-COLOUR, COLOUR, colours.shape), 0.0, 1.0)
    return Light()


_CHANGES: Final[dict[str, Change]] = {"camera_jitter": _jitter, "lighting": _lighting, "colours": _colours}
VISIBLE: Final = frozenset(_CHANGES)
