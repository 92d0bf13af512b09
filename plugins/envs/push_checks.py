"""What the push task needs of a machine."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version

from bczoo.checks import Check
from bczoo.errors import BczooError
from bczoo.plugins.envs import Push

OPTIONAL = 'optional; renderer = "ray" needs no OpenGL'


def checks() -> Iterator[Check]:
    """One image by each renderer."""
    reinstall = "reinstall mujoco: pip install -U mujoco"
    yield Check(what="push, ray renderer", run=partial(render, "ray"), fix=reinstall, needed=True)
    yield Check(what="push, EGL renderer", run=partial(_apart, "egl"), fix=OPTIONAL)
    yield Check(what="push, OSMesa renderer", run=partial(_apart, "osmesa"), fix=OPTIONAL)


def render(renderer: str) -> str:
    """Draw one image; raises whatever goes wrong."""
    from bczoo.plugins.envs.push_env import PushEnv

    env = PushEnv(Push(renderer=renderer))  # type: ignore[arg-type]
    try:
        image = env.reset(seed=0)[0]["front"]
        if image.std() == 0:
            raise RuntimeError("the image is blank")
        return f"{image.shape[1]}x{image.shape[0]} image, mujoco {version('mujoco')}"
    finally:
        env.close()


def _apart(renderer: str) -> str:
    """Draw in a process of its own: two OpenGL platforms cannot be used in one."""
    done = subprocess.run([sys.executable, "-m", __name__, renderer], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise BczooError(f"{(done.stderr.strip() or 'it crashed').splitlines()[-1]}; {OPTIONAL}")
    return done.stdout.strip()


if __name__ == "__main__":
    try:
        print(render(sys.argv[1]))
    except BczooError as error:
        sys.exit(str(error))
