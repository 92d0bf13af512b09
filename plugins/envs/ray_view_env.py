"""What the ray renderer works out once for a camera and all that never moves, shared by every environment that sees it.

Environments side by side mostly look at equal scenes. With one view between them they start in half the time, and step
faster, because its arrays then stay in the processor's cache.
"""

from functools import lru_cache
from math import radians, sqrt, tan
from typing import Any, Final

import attrs
import mujoco
import numpy as np
from numpy.typing import NDArray

from bczoo.plugins.envs.push_scene import STATIC_GROUP, Light
from bczoo.plugins.envs.ray_normals_env import surface_normals

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Image = NDArray[np.uint8]

BACKGROUND: Final = (0.12, 0.14, 0.18)
FAR: Final = 1e10
REMEMBERED: Final = 8  # views; a shift that draws new looks for each episode needs no more

# mj_multiRay returns surface normals, through one more positional argument, since MuJoCo 3.5.
GIVES_NORMALS: Final = tuple(int(part) for part in mujoco.__version__.split(".")[:2]) >= (3, 5)


@attrs.frozen(kw_only=True, eq=False)
class View:
    """A camera's pixels and the picture of the scene without what moves; nobody writes to its arrays.

    `rays` are unit vectors (height * width, 3) in the world, from the top left pixel, row by row; `backdrop`
    (height * width, 3) is what they meet and `distance` how far away. `projection` maps a world vector from the eye to
    (depth * x, depth * y, depth), x and y in pixels from the image's centre.
    """

    eye: Floats
    rays: Floats
    projection: Floats
    colours: NDArray[np.float32]
    light: Light
    backdrop: Image
    distance: Floats

    def shade(self, geom: Ints, normal: Floats) -> Image:
        """Colours (n, 3) of Lambert's law: the light from above plus an even ambient part."""
        return _shade(geom, normal, self.colours, self.light)


def view_of(model: Any, camera: int, height: int, width: int, light: Light) -> View:
    """The view that a camera of the world body has of `model` as it now is."""
    saved = np.empty(mujoco.mj_sizeModel(model), np.uint8)
    mujoco.mj_saveModel(model, None, saved)
    return _view(_Scene(saved.tobytes(), model), camera, height, width, light)


@attrs.frozen
class _Scene:
    """A model by its bytes: equal ones look the same."""

    saved: bytes
    model: Any = attrs.field(eq=False)


@lru_cache(maxsize=REMEMBERED)
def _view(scene: _Scene, camera: int, height: int, width: int, light: Light) -> View:
    model = scene.model
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    eye, axes = data.cam_xpos[camera].copy(), data.cam_xmat[camera].reshape(3, 3)
    focal = 0.5 * height / tan(0.5 * radians(float(model.cam_fovy[camera])))
    rays = _all_rays(axes, focal, height, width)
    # One row a geom, and a last one that geom -1, "nothing hit", picks.
    colours = (np.concatenate([model.geom_rgba[:, :3], [BACKGROUND]]) * 255.0).astype(np.float32)
    geom, distance, normal = cast(model, data, eye, rays, STATIC_ONLY)
    return View(
        eye=eye,
        rays=rays,
        projection=axes * (focal, -focal, -1.0),
        colours=colours,
        light=light,
        backdrop=_shade(geom, normal, colours, light),
        distance=np.where(geom < 0, FAR, distance),
    )


def _all_rays(axes: Floats, focal: float, height: int, width: int) -> Floats:
    y, x = np.mgrid[0:height, 0:width].reshape(2, -1)
    right = (x + 0.5 - 0.5 * width) / focal
    up = (0.5 * height - y - 0.5) / focal
    length = np.sqrt(right * right + up * up + 1.0)
    rays = right[:, None] * axes[:, 0] + up[:, None] * axes[:, 1] - axes[:, 2]
    return np.ascontiguousarray(rays / length[:, None])


def _shade(geom: Ints, normal: Floats, colours: NDArray[np.float32], light: Light) -> Image:
    # Written out element by element, because a BLAS may round dot products differently from one processor to the next.
    length = sqrt(sum(part * part for part in light.direction))
    x, y, z = (part / length for part in light.direction)
    facing = normal[:, 0] * x + normal[:, 1] * y + normal[:, 2] * z
    bright = (light.ambient + light.diffuse * np.maximum(facing, 0.0)).astype(np.float32)
    bright[geom < 0] = 1.0
    lit = colours.take(geom, 0, mode="wrap") * bright[:, None]
    shaded: Image = np.minimum(lit, 255.0, out=lit).astype(np.uint8)
    return shaded


def cast(model: Any, data: Any, eye: Floats, rays: Floats, groups: Image | None) -> tuple[Ints, Floats, Floats]:
    """For each ray the geom it meets first (-1: none), how far away, and the normal there (n, 3)."""
    count = len(rays)
    geom, distance = np.empty(count, np.int32), np.empty(count)
    flat = rays.reshape(-1)
    if GIVES_NORMALS:
        normal = np.empty(3 * count)
        mujoco.mj_multiRay(model, data, eye, flat, groups, 1, -1, geom, distance, normal, count, FAR)
        return geom, distance, normal.reshape(-1, 3)
    mujoco.mj_multiRay(model, data, eye, flat, groups, 1, -1, geom, distance, count, FAR)
    return geom, distance, surface_normals(model, data, geom, eye + rays * distance[:, None])


def group_mask(group: int) -> Image:
    """What makes mj_multiRay see geoms of one group only."""
    mask = np.zeros(6, np.uint8)
    mask[group] = 1
    return mask


STATIC_ONLY: Final = group_mask(STATIC_GROUP)
