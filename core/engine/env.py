"""What bczoo asks of an environment, and how it reads one's spaces.

The implementation of an env card is a `gymnasium.Env` built as `Impl(options, render_mode=None)` with

- a flat `Dict` observation space: every uint8 Box (height, width, 3) is a camera named by its key, and
  "state", when there, is a float32 Box (S,); there is at least one of both;
- a float32 Box action space (A,) with finite bounds, in which every number can move;
- `info["success"]`, a bool, from `reset` and every `step`; `success_rule` says in words what it means;
- a reward that is a finite number, 0 where there is none to give;
- `reset(seed=n)` that alone determines the episode, and `metadata["render_fps"]`;
- if its metadata's "render_modes" have "rgb_array", a `render()` that in this mode returns a large uint8 RGB frame
  for videos; without it there are none;
- if a library simulates for it, `simulators`, a tuple of the names of such distributions: demonstrations record
  their versions beside the env's own, and are not mixed with those of others;
- if it can be evaluated under shifts, `shifts`, a dict of their names and what each means at strength 1, on the class,
  and `shift(name, strength)`, called at most once and before the first reset: it changes how things look or move,
  neither the spaces nor the start that a seed gives, draws chance from the seed of the reset, and raises InputError
  for a strength that cannot be;
- if it has an expert, `expert_action()` -> float32 (A,) for the present state, without noise, and
  `expert_plan(k)` -> float32 (k, A): the expert's next k actions, rolled forward from the present state
  in a copy of the simulation, which itself does not change. Row 0 is `expert_action()`.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import attrs
import gymnasium as gym
import numpy as np

from bczoo.card import build, card_of
from bczoo.errors import BczooError, raised, reworded
from bczoo.shapes import Action

Shape = tuple[int, int, int]


@attrs.frozen(kw_only=True)
class Spaces:
    """What an env shows and takes: cameras {name: (height, width, 3)}, state size S (0: none), the action."""

    images: dict[str, Shape]
    state: int
    action: Action


def make_env(options: Any, render_mode: str | None = None) -> "gym.Env[Any, Any]":
    """Build the env that the options describe; raises BczooError where it cannot be built here."""
    with reworded(lambda error: f"env {card_of(options).name!r} cannot be built here: {raised(error)}"):
        env: gym.Env[Any, Any] = build(options, render_mode=render_mode)
    return env


def simulators(options: Any) -> dict[str, str]:
    """Versions of the distributions that simulate for an env; raises BczooError where it names none that there is."""
    card = card_of(options)
    named = getattr(card.load(), "simulators", ())
    if not isinstance(named, tuple):
        raise BczooError(f"env {card.name!r}: `simulators` must be a tuple of names of distributions, not {named!r}")
    try:
        return {name: version(name) for name in named}
    except (PackageNotFoundError, TypeError, ValueError) as error:
        raise BczooError(f"env {card.name!r}: `simulators` must name installed distributions: {error}") from error


def describe_env(options: Any) -> Spaces:
    """Build an env only to read its spaces; raises BczooError where they break the contract."""
    env = make_env(options)
    try:
        return read_spaces(env, card_of(options).name)
    finally:
        env.close()


def read_spaces(env: "gym.Env[Any, Any]", name: str) -> Spaces:
    """Read the spaces of env `name`; raises BczooError where they break the contract."""
    observation = env.observation_space
    if not isinstance(observation, gym.spaces.Dict):
        raise BczooError(f"env {name!r}: its observation space must be a flat Dict of cameras and 'state'")
    state, images = 0, {}
    for key, space in observation.spaces.items():
        shape = space.shape or ()
        if key == "state" and space.dtype == np.float32 and len(shape) == 1:
            state = shape[0]
        elif key != "state" and space.dtype == np.uint8 and len(shape) == 3 and shape[2] == 3:
            images[key] = (shape[0], shape[1], shape[2])
        else:
            raise BczooError(f"env {name!r}: observation {key!r} is neither a uint8 camera (h, w, 3) nor 'state'")
    if not (images or state):
        raise BczooError(f"env {name!r} shows nothing: neither a camera nor a state")
    return Spaces(images=images, state=state, action=_action(env.action_space, name))


def _action(space: "gym.Space[Any]", name: str) -> Action:
    if not (isinstance(space, gym.spaces.Box) and len(space.shape) == 1 and space.is_bounded()):
        raise BczooError(f"env {name!r}: its action space must be a Box (A,) with finite bounds, not {space}")
    for place, (low, high) in enumerate(zip(space.low.tolist(), space.high.tolist(), strict=True)):
        if low == high:
            raise BczooError(
                f"env {name!r}: number {place} of its action can only be {low:g}; leave it out of the action"
            )
    return Action(size=space.shape[0], low=tuple(space.low.tolist()), high=tuple(space.high.tolist()))
