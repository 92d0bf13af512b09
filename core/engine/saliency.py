"""Where a policy looked: how much its actions change when a place of the image is blurred away.

Perturbation saliency after Greydanus et al. 2018, "Visualizing and Understanding Atari Agents" (arXiv:1711.00138). It
asks for nothing but actions, so that it is the same for every backbone, frozen or not, and for every kind of memory.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from PIL import Image, ImageFilter

from bczoo.engine.chunks import Floats
from bczoo.engine.footage import Frame
from bczoo.engine.policy import Policy, sees
from bczoo.engine.rollout import Actor
from bczoo.errors import InputError

GRID: Final = 12  # places along each side of an image
# Widths of the Gaussians, of 80 pixels as in the paper: of the spot that is hidden, and of the blur that hides it.
SPOT: Final = 5 / 80
BLUR: Final = 3 / 80


class Saliency:
    """Looks for what the decisions of one policy depend on, a camera and a place at a time."""

    def __init__(self, policy: Policy, execute: int) -> None:
        """`execute` actions of each chunk count; raises InputError for a policy that looks at no camera."""
        if not sees(policy.spec.backbone):
            raise InputError("this policy looks at no camera, so there is nothing to lay over its pictures")
        self._execute = execute
        self._cameras = tuple(policy.obs.images)
        bounds = policy.action
        self._range = np.subtract(bounds.high, bounds.low).astype(np.float32)

    def heat(self, before: Actor, obs: Mapping[str, Any], chunk_HA: Floats) -> dict[str, Floats]:
        """How far hiding each place of each camera moves the actions, as a share of their range, (GRID, GRID).

        `before` is the actor as it was when it was shown `obs`, the same observation in all of its slots, and then
        predicted `chunk_HA`. The mean is over the numbers of an action, and over the actions that are executed.
        """
        return {camera: self._moved(before, obs, camera, chunk_HA[: self._execute]) for camera in self._cameras}

    def _moved(self, before: Actor, obs: Mapping[str, Any], camera: str, chunk_HA: Floats) -> Floats:
        moved: list[float] = []
        for views in _batches(hidden(obs[camera][0]), before.slots):
            trial = before.twin()
            trial.act({**obs, camera: views})
            assert trial.predicted is not None  # it decides where the other one did
            apart = np.abs(trial.predicted[:, : self._execute] - chunk_HA) / self._range
            moved += apart.mean((1, 2)).tolist()
        return np.array(moved[: GRID * GRID], np.float32).reshape(GRID, GRID)


def hidden(image: Frame) -> Iterator[Frame]:
    """The image with one place after the other blurred away, row by row."""
    height, width = image.shape[:2]
    side = min(height, width)
    blurred = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(BLUR * side)), np.float32)
    rows, columns = (_spots(length, SPOT * side) for length in (height, width))
    for row in rows:
        for column in columns:
            share = (row[:, None] * column)[..., None]
            yield np.rint(image + share * (blurred - image)).astype(np.uint8)


def _spots(length: int, width: float) -> Floats:
    """A Gaussian around each of the places along one side, (GRID, length), 1 where it is highest."""
    centre = (np.arange(GRID) + 0.5) * length / GRID - 0.5
    spots: Floats = np.exp(-0.5 * ((np.arange(length) - centre[:, None]) / width) ** 2).astype(np.float32)
    return spots


def _batches(views: Iterator[Frame], size: int) -> Iterator[Frame]:
    """Stacks of `size` views, the last one filled up with what it already has."""
    stack: list[Frame] = []
    for view in views:
        stack.append(view)
        if len(stack) == size:
            yield np.stack(stack)
            stack.clear()
    if stack:
        yield np.stack([*stack, *[stack[-1]] * (size - len(stack))])
