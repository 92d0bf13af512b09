"""The OpenGL renderers, each in its own process since a process can use only one of them."""

import subprocess
import sys

import pytest

from bczoo.errors import BczooError
from bczoo.plugins.envs import Push, gl_renderer_env
from bczoo.plugins.envs.push_env import PushEnv

COMPARE = """
import sys
import numpy as np
from bczoo.errors import BczooError
from bczoo.plugins.envs import Push
from bczoo.plugins.envs.push_env import PushEnv

options = dict(cameras=("front", "top"), height=60, width=84, shape="box")
other = "osmesa" if sys.argv[1] == "egl" else "egl"
try:
    gl = PushEnv(Push(renderer=sys.argv[1], **options), render_mode="rgb_array")
except BczooError as error:
    sys.exit(str(error))
ray = PushEnv(Push(**options), render_mode="rgb_array")
ray.reset(seed=1), gl.reset(seed=1)
for _ in range(20):
    action = ray.expert_action()
    seen, drawn = ray.step(action)[0], gl.step(action)[0]
    for camera in options["cameras"]:
        # Along edges the two round differently, and the top view has the table's rim all round.
        off = np.abs(seen[camera].astype(int) - drawn[camera]).max(2) > 12
        assert off.mean() < 0.06, (camera, off.mean())
assert np.abs(ray.render().astype(int) - gl.render()).mean() < 4
try:
    PushEnv(Push(renderer=other))
except BczooError as error:
    assert "already used" in str(error), error
else:
    raise AssertionError("two OpenGL libraries in one process")
gl.close(), gl.close()
PushEnv(Push(renderer=sys.argv[1]))  # left open: must not disturb the exit
print("agrees")
"""


@pytest.mark.parametrize("backend", ["egl", "osmesa"])
def test_draws_what_the_ray_renderer_draws(backend):
    run = subprocess.run([sys.executable, "-c", COMPARE, backend], capture_output=True, text=True)
    if "cannot start" in run.stderr:
        pytest.skip(run.stderr.strip())
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "agrees"
    assert run.stderr == ""


@pytest.mark.parametrize("backend", ["egl", "osmesa"])
@pytest.mark.parametrize("error", [ImportError("no such library"), AttributeError("'NoneType' has no attribute")])
def test_missing_library_is_one_clear_sentence(monkeypatch, backend, error):
    def missing(_name):
        raise error

    monkeypatch.setattr(gl_renderer_env, "import_module", missing)
    with pytest.raises(BczooError) as caught:
        PushEnv(Push(renderer=backend))
    said = str(caught.value)
    assert f"renderer '{backend}' cannot start" in said
    assert f"apt install lib{backend}" in said
    assert 'renderer = "ray"' in said
    assert "\n" not in said
