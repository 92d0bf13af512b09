"""Surface normals of the primitive shapes, for MuJoCo before 3.5, whose rays return only distances."""

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ON_CAP = 1e-7


def surface_normals(model: Any, data: Any, geom: NDArray[np.int32], hit: Floats) -> Floats:
    """Outward unit normals (n, 3) in the world at the points `hit` (n, 3) of geoms `geom` (n,).

    Knows planes, spheres, capsules, cylinders and boxes; where `geom` is -1 the normal is zero.
    """
    normals = np.zeros_like(hit)
    for index in np.unique(geom[geom >= 0]).tolist():
        rows = np.flatnonzero(geom == index)
        axes = data.geom_xmat[index].reshape(3, 3)
        offset = hit[rows] - data.geom_xpos[index]
        local = offset[:, :1] * axes[0] + offset[:, 1:2] * axes[1] + offset[:, 2:] * axes[2]
        outward = _SHAPES[int(model.geom_type[index])](local, model.geom_size[index])
        columns = axes.T
        normals[rows] = outward[:, :1] * columns[0] + outward[:, 1:2] * columns[1] + outward[:, 2:] * columns[2]
    return normals


def _plane(local: Floats, _size: Floats) -> Floats:
    outward = np.zeros_like(local)
    outward[:, 2] = 1.0
    return outward


def _sphere(local: Floats, size: Floats) -> Floats:
    outward: Floats = local / size[0]
    return outward


def _capsule(local: Floats, size: Floats) -> Floats:
    outward = local.copy()
    outward[:, 2] -= np.clip(local[:, 2], -size[1], size[1])
    outward /= size[0]
    return outward


def _cylinder(local: Floats, size: Floats) -> Floats:
    outward: Floats = local / size[0]
    outward[:, 2] = 0.0
    cap = np.abs(local[:, 2]) > size[1] - _ON_CAP
    outward[cap] = 0.0
    outward[cap, 2] = np.sign(local[cap, 2])
    return outward


def _box(local: Floats, size: Floats) -> Floats:
    outward = np.zeros_like(local)
    rows, face = np.arange(len(local)), np.argmax(np.abs(local) / size, axis=1)
    outward[rows, face] = np.sign(local[rows, face])
    return outward


_SHAPES = {
    int(mujoco.mjtGeom.mjGEOM_PLANE): _plane,
    int(mujoco.mjtGeom.mjGEOM_SPHERE): _sphere,
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): _capsule,
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): _cylinder,
    int(mujoco.mjtGeom.mjGEOM_BOX): _box,
}
