"""Episodes that were recorded elsewhere: checked against an env, and put into the types that are stored."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bczoo.card import card_of
from bczoo.engine.demo_format import Arrays
from bczoo.engine.env import describe_env
from bczoo.errors import InputError, brief, suggest

_KEYS: Final = ("images", "state", "action", "plan", "success", "seed")
_LARGEST: Final = 2**63 - 1


class Episodes:
    """Takes one episode after the other: `count` so far, all with plans of `plan` actions (0: none)."""

    def __init__(self, env: Any) -> None:
        """Of an env, given as options, which says what is seen and what may be done."""
        self.name, self.spaces = card_of(env).name, describe_env(env)
        self.count, self.plan = 0, 0

    def take(self, episode: Any) -> Arrays:
        """The episode as a shard holds it, copied; raises InputError with its number, counted from 0."""
        try:
            arrays = self._arrays(episode)
        except InputError as error:
            raise InputError(f"episode {self.count}: {error}") from error
        self.count += 1
        return arrays

    def _arrays(self, episode: Any) -> Arrays:
        if not isinstance(episode, Mapping):
            raise InputError(f"it is a {type(episode).__name__}, not a table of {', '.join(_KEYS)}")
        for key in episode:
            if key not in _KEYS:
                raise InputError(f"unknown key {brief(key)}; {suggest(str(key), _KEYS)}")
        action = self._actions("action", episode.get("action"), ("F", self.spaces.action.size))
        frames = len(action)
        arrays = self._images(episode.get("images"), frames) | self._state(episode.get("state"), frames)
        arrays |= {"action": action} | self._plan(episode.get("plan"), frames)
        seed, success = _seed(episode.get("seed", 0)), _success(episode.get("success", True))
        return arrays | {"seed": np.array([seed], np.int64), "success": np.array([success], np.uint8)}

    def _images(self, given: Any, frames: int) -> Arrays:
        images = {} if given is None else given
        if not isinstance(images, Mapping):
            raise InputError(f"images is a {type(images).__name__}, not a table of cameras")
        cameras = self.spaces.images
        for camera in images:
            if camera not in cameras:
                raise InputError(f"env {self.name!r} has no camera {brief(camera)}; {suggest(str(camera), cameras)}")
        return {f"images.{camera}": _image(camera, images, (frames, *shape)) for camera, shape in cameras.items()}

    def _state(self, given: Any, frames: int) -> Arrays:
        if self.spaces.state:
            return {"state": _floats("state", given, (frames, self.spaces.state))}
        if given is not None:
            raise InputError(f"env {self.name!r} has no state; leave it out")
        return {}

    def _plan(self, given: Any, frames: int) -> Arrays:
        if self.count and (given is not None) != (self.plan > 0):
            raise InputError("some episodes have a plan and some have none; give it in all of them, or leave it out")
        if given is None:
            return {}
        plan = self._actions("plan", given, (frames, self.plan or "K", self.spaces.action.size))
        self.plan = plan.shape[1]
        return {"plan": plan}

    def _actions(self, name: str, given: Any, shape: tuple[int | str, ...]) -> NDArray[np.float32]:
        """Numbers inside of the action's bounds."""
        values, action = _floats(name, given, shape), self.spaces.action
        low, high = np.array(action.low, np.float32), np.array(action.high, np.float32)
        outside = np.argwhere((values < low) | (values > high))
        if len(outside):
            *_, number = place = tuple(outside[0].tolist())
            raise InputError(
                f"{name}{list(place)} is {float(values[place])}, outside of {low[number]:g} to {high[number]:g}, the "
                f"bounds of env {self.name!r}; give actions in the env's own units, clipped to its bounds"
            )
        return values


def _image(camera: Any, images: Mapping[Any, Any], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    image = _array(f"image of camera {camera!r}", images.get(camera))
    if image.dtype != np.uint8 or image.shape != shape:
        raise InputError(f"images of camera {camera!r} are {image.dtype} {image.shape}; wanted is uint8 {shape}")
    return image.copy()


def _floats(name: str, given: Any, shape: tuple[int | str, ...]) -> NDArray[np.float32]:
    """Numbers as float32; a letter in `shape` stands for any number but 0."""
    values = _array(name, given)
    fits = values.ndim == len(shape) and all(
        seen == wanted if isinstance(wanted, int) else seen > 0
        for seen, wanted in zip(values.shape, shape, strict=True)
    )
    if values.dtype.kind not in "fiu" or not fits:
        wanted = f"({', '.join(map(str, shape))})"
        raise InputError(f"{name} is {values.dtype} {values.shape}; wanted are numbers {wanted}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as that
        numbers = values.astype(np.float32)
    if len(broken := np.argwhere(~np.isfinite(numbers))):
        raise InputError(f"{name}{broken[0].tolist()} is not finite")
    return numbers


def _array(name: str, given: Any) -> NDArray[Any]:
    if given is None:
        raise InputError(f"{name} is missing")
    try:
        return np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, and tensors on another device
        raise InputError(f"{name} is no array ({brief(error)})") from error


def _seed(given: Any) -> int:
    if not isinstance(given, (int, np.integer)) or isinstance(given, bool) or not 0 <= given <= _LARGEST:
        raise InputError(f"seed is {brief(given)}; wanted is a whole number from 0 to {_LARGEST}")
    return int(given)


def _success(given: Any) -> bool:
    if not isinstance(given, (bool, np.bool_)):
        raise InputError(f"success is {brief(given)}; wanted is True or False")
    return bool(given)
