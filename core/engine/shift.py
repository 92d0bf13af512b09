"""Shifts: an env changed in one named way, to see what of a policy's success survives what it was not trained for.

An env says in `shifts`, a dict of names and what each means at strength 1, which it offers, and takes one on by
`shift(name, strength)`, called once before the first reset. What a shift draws by chance follows from the seed of the
reset, after the start, which stays what it was. `action_delay` is there for any env.
"""

import math
from collections import deque
from typing import Any

import gymnasium
import numpy as np

from bczoo.card import card_of
from bczoo.engine.env import make_env
from bczoo.engine.shift_name import Shift
from bczoo.errors import BczooError, InputError, raised, reworded, suggest

DELAY = "action_delay"
DELAYS = {DELAY: "every action is carried out one step late; before the first, zeros (the nearest within the bounds)"}


def read_shift(text: str) -> Shift:
    """NAME or NAME=STRENGTH, as in lighting=0.5; raises InputError."""
    name, given, strength = text.partition("=")
    try:
        shift = Shift(name, float(strength) if given else 1.0)
    except ValueError:
        shift = Shift(name, math.nan)
    if not (name and 0 < shift.strength < math.inf):
        raise InputError(f"shift {text!r}: write NAME or NAME=STRENGTH, a number above 0, as in lighting=0.5")
    if name == DELAY and shift.strength % 1:
        raise InputError(f"shift {text!r}: a delay is a whole number of steps, as in {DELAY}=2")
    return shift


def shifts_of(env: Any) -> dict[str, str]:
    """The shifts that an env (its options) can be evaluated under, and what each means at strength 1."""
    offered: dict[str, str] = getattr(card_of(env).load(), "shifts", {})
    return offered | DELAYS


def read_shifts(env: Any, texts: tuple[str, ...]) -> list[Shift]:
    """The shifts that an evaluation asks for; raises InputError for one that this env does not offer."""
    shifts, offered = [read_shift(text) for text in texts], shifts_of(env)
    for place, shift in enumerate(shifts):
        if shift in shifts[:place]:
            raise InputError(f"shift {str(shift)!r} is asked for twice")
        if shift.name not in offered:
            raise InputError(f"env {card_of(env).name!r} has no shift {shift.name!r}; {suggest(shift.name, offered)}")
        shifted_env(env, shift).close()  # it may refuse the strength
    return shifts


def shifted_env(env: Any, shift: Shift | None, render_mode: str | None = None) -> Any:
    """Build the env that the options describe, under a shift if there is one; raises BczooError where it cannot be."""
    made: Any = make_env(env, render_mode)
    if shift is None:
        return made
    if shift.name == DELAY:
        return ActionDelay(made, int(shift.strength))
    try:
        with reworded(lambda error: f"env {card_of(env).name!r} cannot take on shift {shift}: {raised(error)}"):
            made.unwrapped.shift(shift.name, shift.strength)
    except BczooError:
        made.close()
        raise
    return made


class ActionDelay(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Carries every action out `steps` steps late, as a slow network or a slow arm would."""

    def __init__(self, env: Any, steps: int) -> None:
        super().__init__(env)
        self._steps = steps
        self._idle = np.clip(0.0, env.action_space.low, env.action_space.high).astype(env.action_space.dtype)
        self._under_way: deque[Any] = deque()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode, with nothing under way."""
        self._under_way.clear()
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Send an action, and carry out the one that arrives."""
        self._under_way.append(action)
        return self.env.step(self._under_way.popleft() if len(self._under_way) > self._steps else self._idle)
