"""The ray renderer: its shortcuts change no pixel, and its pictures show what is there."""

from math import radians, tan

import mujoco
import numpy as np
import pytest

from bczoo.plugins.envs import Push
from bczoo.plugins.envs.push_env import PushEnv
from bczoo.plugins.envs.push_scene import scene_xml
from bczoo.plugins.envs.ray_normals_env import surface_normals
from bczoo.plugins.envs.ray_renderer_env import GIVES_NORMALS, RayRenderer

SIZES = [(84, 84), (40, 96), (97, 31)]


def states(shape, layout="any", seed=3):
    """The model and, one after the other, the states of an expert-driven episode."""
    env = PushEnv(Push(shape=shape, layout=layout, height=8, width=8))
    env.reset(seed=seed)
    for _ in range(40):
        yield env._model, env._now.data
        env.step(env.expert_action())


def place(data, model, camera, height, width):
    """Pixel (column, row) at which the camera sees each geom's centre."""
    camera = model.camera(camera).id
    x, y, z = ((data.geom_xpos - data.cam_xpos[camera]) @ data.cam_xmat[camera].reshape(3, 3)).T
    focal = height / 2 / tan(radians(model.cam_fovy[camera]) / 2)
    return np.stack([width / 2 - focal * x / z - 0.5, height / 2 + focal * y / z - 0.5], 1)


def centroid(image, channel):
    """Centre (column, row) of the pixels in which one channel is more than twice the two others."""
    others = np.delete(image.astype(int), channel, 2).max(2)
    rows, columns = np.nonzero(image[..., channel] > 2 * others)
    assert len(rows) > 8
    return np.array([columns.mean(), rows.mean()])


@pytest.mark.parametrize("camera", ["front", "top"])
@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("shape", ["cylinder", "box"])
def test_cached_equals_plain(shape, camera, height, width):
    renderer = None
    for model, data in states(shape):
        renderer = renderer or RayRenderer(model, camera, height, width)
        image = renderer.render(data)
        assert image.shape == (height, width, 3)
        assert np.array_equal(image, renderer.render_plain(data))


def test_cached_equals_plain_wherever_things_are():
    model = mujoco.MjModel.from_xml_string(scene_xml("box"))
    data = mujoco.MjData(model)
    rng = np.random.default_rng(0)
    renderer = RayRenderer(model, "front", 36, 52)
    for _ in range(100):
        # From out of the picture to close before the lens and behind it.
        data.qpos[:3] = rng.uniform((-0.6, -0.6, -0.3), (0.8, 0.6, 0.7))
        data.qpos[3:7] = rng.normal(size=4)
        mujoco.mj_kinematics(model, data)
        assert np.array_equal(renderer.render(data), renderer.render_plain(data))


def test_renderers_share_a_model_without_disturbing_it():
    model, data = next(iter(states("box")))
    groups = model.geom_group.copy()
    front, top = RayRenderer(model, "front", 30, 30), RayRenderer(model, "top", 20, 20)
    alone = front.render(data)
    top.render(data)
    assert np.array_equal(front.render(data), alone)
    assert np.array_equal(model.geom_group, groups)


@pytest.mark.parametrize("camera", ["front", "top"])
def test_colours_are_where_the_things_are(camera):
    for seed in range(12):
        model, data = next(iter(states("cylinder", "forward", seed)))
        image = RayRenderer(model, camera, 84, 84).render(data)
        where = place(data, model, camera, 84, 84)
        assert np.abs(centroid(image, 0) - where[model.geom("block").id]).max() < 2.5
        gripper = (where[model.geom("tip").id] + where[model.geom("shaft").id]) / 2
        assert np.abs(centroid(image, 2) - gripper).max() < 5.0
        # The gripper may hover before the goal and hide a part of it.
        assert np.abs(centroid(image, 1) - where[model.geom("goal").id]).max() < 5.0


def test_wider_images_show_more_at_the_sides():
    model, data = next(iter(states("cylinder")))
    square, wide = (RayRenderer(model, "front", 40, width).render(data) for width in (40, 60))
    assert np.array_equal(square, wide[:, 10:50])


@pytest.mark.skipif(not GIVES_NORMALS, reason="this MuJoCo's rays return no normals to compare with")
@pytest.mark.parametrize("shape", ["cylinder", "box"])
def test_own_normals_equal_mujocos(shape):
    for model, data in states(shape):
        renderer = RayRenderer(model, "front", 60, 60)
        geom, distance, normal = renderer._cast(data, renderer._rays, None)
        hit = renderer._eye + renderer._rays * distance[:, None]
        own = surface_normals(model, data, geom, hit)
        agree = np.abs(own - normal).max(1) < 1e-6
        # On an edge both faces' normals are right.
        assert agree.mean() > 0.999
