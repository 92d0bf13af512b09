"""Images of a MuJoCo scene by casting rays on the CPU: no OpenGL, no display, the same bits everywhere.

Two things make it fast: the picture of all that never moves is cast once, and afterwards rays are sent only
through the pixels in which a moving geom can be. Dot products are written out element by element, because a
BLAS may round them differently from one processor to the next.
"""

from math import radians, sqrt, tan
from typing import Any, Final

import mujoco
import numpy as np
from numpy.typing import NDArray

from bczoo.plugins.envs.push_scene import MOVING_GROUP, STATIC_GROUP, Light
from bczoo.plugins.envs.ray_normals_env import surface_normals

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Image = NDArray[np.uint8]

BACKGROUND: Final = (0.12, 0.14, 0.18)
FAR: Final = 1e10
NEAR: Final = 0.01
SLACK: Final = 0.01  # of a pixel, far above any rounding error

# mj_multiRay returns surface normals, through one more positional argument, since MuJoCo 3.5.
GIVES_NORMALS: Final = tuple(int(part) for part in mujoco.__version__.split(".")[:2]) >= (3, 5)


class RayRenderer:
    """Draws one fixed camera of `model`; any number of renderers may share a model.

    `camera` is a camera of the world body. Images are (height, width, 3) uint8. Geoms must be in
    STATIC_GROUP or MOVING_GROUP, all opaque.
    """

    def __init__(self, model: Any, camera: str, height: int, width: int) -> None:
        self._model, self._camera = model, model.camera(camera).id
        self._height, self._width = height, width
        self._geom: Ints = np.empty(height * width, np.int32)
        self._distance: Floats = np.empty(height * width)
        self._normal: Floats = np.empty(3 * height * width)
        self._moving_geoms = np.flatnonzero(model.geom_group == MOVING_GROUP)
        self._low = np.array([0.5 * self._width, 0.5 * self._height]) - SLACK
        self._high = self._low + 2 * SLACK + 1.0
        self._corners = _box_corners(model.geom_aabb[self._moving_geoms])
        self.look(Light())

    def look(self, light: Light) -> None:
        """Take in how the model's camera stands, how its geoms are coloured, and the light that falls on them."""
        model = self._model
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        self._eye: Floats = data.cam_xpos[self._camera].copy()
        self._axes: Floats = data.cam_xmat[self._camera].reshape(3, 3).copy()
        self._focal = 0.5 * self._height / tan(0.5 * radians(float(model.cam_fovy[self._camera])))
        self._rays = self._all_rays()
        # One row a geom, and a last one that geom -1, "nothing hit", picks.
        colours = np.concatenate([model.geom_rgba[:, :3], [BACKGROUND]])
        self._colours: NDArray[np.float32] = (colours * 255.0).astype(np.float32)
        # Maps a world vector from the eye to (depth * x, depth * y, depth), x and y from the image's centre.
        self._projection = self._axes * (self._focal, -self._focal, -1.0)
        self._light = light
        length = sqrt(sum(part * part for part in light.direction))
        self._to_light = tuple(part / length for part in light.direction)
        self._backdrop, self._backdrop_distance = self._static_picture(data)

    def render(self, data: Any) -> Image:
        """The image (height, width, 3) of `data`, whose kinematics must be up to date."""
        pixels = self._pixels_of_moving(data)
        geom, distance, normal = self._cast(data, self._rays.take(pixels, 0), _MOVING_ONLY)
        nearer = ((geom >= 0) & (distance < self._backdrop_distance.take(pixels))).nonzero()[0]
        image = self._backdrop.copy()
        image[pixels.take(nearer)] = self._shade(geom.take(nearer), normal.take(nearer, 0))
        return image.reshape(self._height, self._width, 3)

    def render_plain(self, data: Any) -> Image:
        """What `render` must equal, pixel for pixel: every ray against every geom, nothing cached."""
        geom, _, normal = self._cast(data, self._rays, None)
        return self._shade(geom, normal).reshape(self._height, self._width, 3)

    def close(self) -> None:
        """Nothing to release."""

    def _all_rays(self) -> Floats:
        """Unit vectors (height * width, 3) in the world, from the top left pixel, row by row."""
        y, x = np.mgrid[0 : self._height, 0 : self._width].reshape(2, -1)
        right = (x + 0.5 - 0.5 * self._width) / self._focal
        up = (0.5 * self._height - y - 0.5) / self._focal
        length = np.sqrt(right * right + up * up + 1.0)
        rays = right[:, None] * self._axes[:, 0] + up[:, None] * self._axes[:, 1] - self._axes[:, 2]
        return np.ascontiguousarray(rays / length[:, None])

    def _static_picture(self, data: Any) -> tuple[Image, Floats]:
        geom, distance, normal = self._cast(data, self._rays, _STATIC_ONLY)
        return self._shade(geom, normal), np.where(geom < 0, FAR, distance)

    def _cast(self, data: Any, rays: Floats, groups: Image | None) -> tuple[Ints, Floats, Floats]:
        """For each ray the geom it meets first (-1: none), how far away, and the normal there (n, 3)."""
        count = len(rays)
        geom, distance = self._geom[:count], self._distance[:count]
        flat = rays.reshape(-1)
        if GIVES_NORMALS:
            normal = self._normal[: 3 * count]
            mujoco.mj_multiRay(self._model, data, self._eye, flat, groups, 1, -1, geom, distance, normal, count, FAR)
            return geom, distance, normal.reshape(-1, 3)
        mujoco.mj_multiRay(self._model, data, self._eye, flat, groups, 1, -1, geom, distance, count, FAR)
        hit = self._eye + rays * distance[:, None]
        return geom, distance, surface_normals(self._model, data, geom, hit)

    def _shade(self, geom: Ints, normal: Floats) -> Image:
        """Colours (n, 3) of Lambert's law: the light from above plus an even ambient part."""
        x, y, z = self._to_light
        facing = normal[:, 0] * x + normal[:, 1] * y + normal[:, 2] * z
        bright = (self._light.ambient + self._light.diffuse * np.maximum(facing, 0.0)).astype(np.float32)
        bright[geom < 0] = 1.0
        lit = self._colours.take(geom, 0, mode="wrap") * bright[:, None]
        colours: Image = np.minimum(lit, 255.0, out=lit).astype(np.uint8)
        return colours

    def _pixels_of_moving(self, data: Any) -> NDArray[np.intp]:
        """Indices of the pixels in the rectangles that the moving geoms' bounding boxes cover.

        This only chooses rays and errs on the large side, so matmul does no harm here.
        """
        turn = data.geom_xmat.take(self._moving_geoms, 0).reshape(-1, 3, 3).transpose(0, 2, 1)
        offset = data.geom_xpos.take(self._moving_geoms, 0) - self._eye
        corners = (self._corners @ turn + offset[:, None]) @ self._projection
        depth = corners[:, :, 2:]
        if depth.min() < NEAR:  # a corner beside or behind the eye has no place in the picture
            return np.arange(len(self._rays))
        places = corners[:, :, :2] / depth
        lows, highs = (places.min(1) + self._low).tolist(), (places.max(1) + self._high).tolist()
        mask = np.zeros((self._height, self._width), bool)
        for (left, top), (right, bottom) in zip(lows, highs, strict=True):
            mask[max(0, int(top)) : max(0, int(bottom)), max(0, int(left)) : max(0, int(right))] = True
        return mask.ravel().nonzero()[0]


def _groups(group: int) -> Image:
    mask = np.zeros(6, np.uint8)
    mask[group] = 1
    return mask


_STATIC_ONLY: Final = _groups(STATIC_GROUP)
_MOVING_ONLY: Final = _groups(MOVING_GROUP)


def _box_corners(boxes: Floats) -> Floats:
    """The corners (n, 8, 3) of boxes given as centre and half sizes (n, 6)."""
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1]), -1).reshape(8, 3)
    return np.ascontiguousarray(boxes[:, None, :3] + signs * boxes[:, None, 3:])
