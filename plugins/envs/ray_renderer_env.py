"""Images of a MuJoCo scene by casting rays on the CPU: no OpenGL, no display, the same bits everywhere.

Three things make it fast: the picture of all that never moves is cast once (see ray_view_env), what stays for an
episode is added to it at its start, and rays are sent only through the pixels in which the other geoms can be.
"""

from typing import Any, Final

import mujoco
import numpy as np
from numpy.typing import NDArray

from bczoo.plugins.envs.push_scene import MOVING_GROUP, STAYING_GROUP, Light
from bczoo.plugins.envs.ray_view_env import Floats, Image, cast, group_mask, view_of

NEAR: Final = 0.01
SLACK: Final = 0.01  # of a pixel, far above any rounding error

# Pixels, with the colours (n, 3) and the distances from the eye of what is seen there.
Seen = tuple[NDArray[np.intp], Image, Floats]


class RayRenderer:
    """Draws one fixed camera of `model`; any number of renderers may share a model.

    `camera` is a camera of the world body. Images are (height, width, 3) uint8. Geoms must be in
    STATIC_GROUP, STAYING_GROUP or MOVING_GROUP, all opaque.
    """

    def __init__(self, model: Any, camera: str, height: int, width: int) -> None:
        self._model, self._camera = model, model.camera(camera).id
        self._height, self._width = height, width
        self._moving, self._staying = _Boxes(model, MOVING_GROUP), _Boxes(model, STAYING_GROUP)
        self._low = np.array([0.5 * self._width, 0.5 * self._height]) - SLACK
        self._high = self._low + 2 * SLACK + 1.0
        data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        self.look(Light(), data)

    def look(self, light: Light, data: Any) -> None:
        """Take in what stays until the next look: camera, colours, light, and where the geoms of STAYING_GROUP are."""
        self._view = view = view_of(self._model, self._camera, self._height, self._width, light)
        pixels, colours, distance = self._nearer(self._staying, data, view.distance)
        self._backdrop, self._distance = view.backdrop.copy(), view.distance.copy()
        self._backdrop[pixels], self._distance[pixels] = colours, distance

    def render(self, data: Any) -> Image:
        """The image (height, width, 3) of `data`, whose kinematics must be up to date."""
        pixels, colours, _ = self._nearer(self._moving, data, self._distance)
        image: Image = self._backdrop.copy()
        image[pixels] = colours
        return image.reshape(self._height, self._width, 3)

    def render_plain(self, data: Any) -> Image:
        """What `render` must equal, pixel for pixel: every ray against every geom, nothing cached."""
        geom, _, normal = cast(self._model, data, self._view.eye, self._view.rays, None)
        return self._view.shade(geom, normal).reshape(self._height, self._width, 3)

    def close(self) -> None:
        """Nothing to release."""

    def _nearer(self, boxes: "_Boxes", data: Any, than: Floats) -> Seen:
        """What is seen of the geoms in `boxes`, where they are nearer than the distances given for all pixels."""
        view, pixels = self._view, self._pixels(boxes, data)
        geom, distance, normal = cast(self._model, data, view.eye, view.rays.take(pixels, 0), boxes.mask)
        nearer = ((geom >= 0) & (distance < than.take(pixels))).nonzero()[0]
        return pixels.take(nearer), view.shade(geom.take(nearer), normal.take(nearer, 0)), distance.take(nearer)

    def _pixels(self, boxes: "_Boxes", data: Any) -> NDArray[np.intp]:
        """Indices of the pixels in the rectangles that the boxes cover.

        This only chooses rays and errs on the large side, so matmul does no harm here.
        """
        corners = (boxes.corners(data) - self._view.eye) @ self._view.projection
        depth = corners[:, :, 2:]
        if depth.min() < NEAR:  # a corner beside or behind the eye has no place in the picture
            return np.arange(self._height * self._width)
        places = corners[:, :, :2] / depth
        lows, highs = (places.min(1) + self._low).tolist(), (places.max(1) + self._high).tolist()
        mask = np.zeros((self._height, self._width), bool)
        for (left, top), (right, bottom) in zip(lows, highs, strict=True):
            mask[max(0, int(top)) : max(0, int(bottom)), max(0, int(left)) : max(0, int(right))] = True
        return mask.ravel().nonzero()[0]


class _Boxes:
    """The bounding boxes of a group's geoms; `mask` makes rays see that group alone."""

    def __init__(self, model: Any, group: int) -> None:
        self.mask = group_mask(group)
        self._geoms = np.flatnonzero(model.geom_group == group)
        centres, halves = np.split(model.geom_aabb[self._geoms, None], 2, axis=2)
        signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1]), -1).reshape(8, 3)
        self._corners: Floats = np.ascontiguousarray(centres + signs * halves)

    def corners(self, data: Any) -> Floats:
        """The boxes' corners (n, 8, 3) in the world."""
        turn = data.geom_xmat.take(self._geoms, 0).reshape(-1, 3, 3).transpose(0, 2, 1)
        corners: Floats = self._corners @ turn + data.geom_xpos.take(self._geoms, 0)[:, None]
        return corners
