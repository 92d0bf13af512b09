"""Images of a MuJoCo scene by OpenGL, off screen, on a context made for the purpose.

The context is built directly, so neither MUJOCO_GL nor any display needs to be set. With EGL a process must
not fork after its first image: start vector envs with "spawn" or "forkserver".
"""

import sys
from importlib import import_module
from typing import Any, Final, Literal
from weakref import finalize

import mujoco
import numpy as np
from numpy.typing import NDArray

from bczoo.errors import BczooError
from bczoo.plugins.envs.push_scene import Light

Image = NDArray[np.uint8]
Backend = Literal["egl", "osmesa"]

_PACKAGES: Final = {"egl": "libegl1", "osmesa": "libosmesa6"}
_COSTLY_FLAGS: Final = ("mjRND_SHADOW", "mjRND_REFLECTION", "mjRND_SKYBOX", "mjRND_HAZE")


class GLRenderer:
    """Draws one camera of `model` with `backend`; the images are (height, width, 3) uint8.

    Raises BczooError when the backend's library is missing or cannot open a context.
    """

    def __init__(self, model: Any, camera: str, height: int, width: int, *, backend: Backend) -> None:
        self._model = model
        self._context = _open_context(backend, height, width)
        # The off-screen buffer takes its size from the model when the MjrContext is made.
        model.vis.global_.offwidth, model.vis.global_.offheight = width, height
        model.vis.quality.offsamples = 0
        self._resources = mujoco.MjrContext(model, int(mujoco.mjtFontScale.mjFONTSCALE_100))
        # Freed while the libraries still live, even if nobody calls close.
        self._release = finalize(self, _release, self._context, self._resources)
        mujoco.mjr_setBuffer(int(mujoco.mjtFramebuffer.mjFB_OFFSCREEN), self._resources)
        self._scene = mujoco.MjvScene(model, 100)
        for flag in _COSTLY_FLAGS:
            self._scene.flags[int(getattr(mujoco.mjtRndFlag, flag))] = 0
        self._view = mujoco.MjvCamera()
        self._view.type = int(mujoco.mjtCamera.mjCAMERA_FIXED)
        self._view.fixedcamid = model.camera(camera).id
        self._options, self._perturbation = mujoco.MjvOption(), mujoco.MjvPerturb()
        self._rectangle = mujoco.MjrRect(0, 0, width, height)
        self._pixels: Image = np.empty((height, width, 3), np.uint8)

    def render(self, data: Any) -> Image:
        """The image (height, width, 3) of `data`, whose kinematics must be up to date."""
        self._context.make_current()  # every renderer has its own
        mujoco.mjv_updateScene(
            self._model,
            data,
            self._options,
            self._perturbation,
            self._view,
            int(mujoco.mjtCatBit.mjCAT_ALL),
            self._scene,
        )
        mujoco.mjr_render(self._rectangle, self._scene, self._resources)
        mujoco.mjr_readPixels(self._pixels, None, self._rectangle, self._resources)
        return self._pixels[::-1].copy()

    def look(self, light: Light, data: Any) -> None:
        """Change the light; everything else is read from the model and `data` whenever a picture is drawn."""
        model = self._model
        model.light_dir[0] = [-part for part in light.direction]
        model.light_diffuse[0], model.vis.headlight.ambient[:] = light.diffuse, light.ambient

    def close(self) -> None:
        """Release the context; a second call does nothing."""
        self._release()


def _release(context: Any, resources: Any) -> None:
    try:
        context.make_current()
    except Exception:  # at exit the display may be gone already, and everything on it
        return
    resources.free()
    context.free()


def _open_context(backend: Backend, height: int, width: int) -> Any:
    other = "osmesa" if backend == "egl" else "egl"
    if f"mujoco.{other}" in sys.modules:
        raise BczooError(
            f"renderer {backend!r} cannot be used in a process that has already used {other!r}: choose one of the two"
        )
    try:
        context = import_module(f"mujoco.{backend}").GLContext(width, height)
        context.make_current()
    except Exception as error:  # PyOpenGL answers a missing library with anything from AttributeError on
        raise BczooError(
            f"renderer {backend!r} cannot start ({error}): install its library "
            f'(Debian, Ubuntu: apt install {_PACKAGES[backend]}) or use renderer = "ray", which needs none'
        ) from error
    return context
