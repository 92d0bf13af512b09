"""The ray renderer: its shortcuts change no pixel, and its pictures show what is there."""

from math import radians, tan

import mujoco
import numpy as np
import pytest

from bczoo.plugins.envs import Push
from bczoo.plugins.envs.push_env import PushEnv
from bczoo.plugins.envs.push_scene import Light, scene_xml
from bczoo.plugins.envs.ray_normals_env import surface_normals
from bczoo.plugins.envs.ray_renderer_env import RayRenderer
from bczoo.plugins.envs.ray_view_env import GIVES_NORMALS, cast, view_of

SIZES = [(84, 84), (40, 96), (97, 31)]


def states(shape, layout="any", seed=3):
    """The model and, one after the other, the states of an expert-driven episode."""
    env = PushEnv(Push(shape=shape, layout=layout, height=8, width=8))
    env.reset(seed=seed)
    for _ in range(40):
        yield env._model, env._now.data
        env.step(env.expert_action())


def looking(data, *view):
    """A renderer that has taken in what stays."""
    renderer = RayRenderer(*view)
    renderer.look(Light(), data)
    return renderer


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
        renderer = renderer or looking(data, model, camera, height, width)
        image = renderer.render(data)
        assert image.shape == (height, width, 3)
        assert np.array_equal(image, renderer.render_plain(data))


def test_cached_equals_plain_wherever_things_are():
    model = mujoco.MjModel.from_xml_string(scene_xml("box"))
    data = mujoco.MjData(model)
    rng = np.random.default_rng(0)
    renderer = RayRenderer(model, "front", 36, 52)
    for step in range(100):
        # From out of the picture to close before the lens and behind it.
        data.qpos[:3] = rng.uniform((-0.6, -0.6, -0.3), (0.8, 0.6, 0.7))
        data.qpos[3:7] = rng.normal(size=4)
        if step % 10 == 0:
            data.mocap_pos[0] = rng.uniform((-0.9, -0.9, -0.3), (0.9, 0.9, 0.7))
        mujoco.mj_kinematics(model, data)
        if step % 10 == 0:
            renderer.look(Light(), data)
        assert np.array_equal(renderer.render(data), renderer.render_plain(data))


def test_renderers_share_a_model_without_disturbing_it():
    model, data = next(iter(states("box")))
    groups = model.geom_group.copy()
    front, top = looking(data, model, "front", 30, 30), looking(data, model, "top", 20, 20)
    alone = front.render(data)
    top.render(data)
    assert np.array_equal(front.render(data), alone)
    assert np.array_equal(model.geom_group, groups)


def test_equal_scenes_are_seen_once_and_others_by_themselves():
    one, equal, repainted = (mujoco.MjModel.from_xml_string(scene_xml("box")) for _ in range(3))
    repainted.geom("table").rgba[:3] = 1.0
    view = view_of(one, 0, 30, 30, Light())
    assert view_of(equal, 0, 30, 30, Light()) is view
    others = [
        view_of(repainted, 0, 30, 30, Light()),
        view_of(one, 1, 30, 30, Light()),
        view_of(one, 0, 30, 30, Light(ambient=0.2)),
    ]
    assert not any(np.array_equal(view.backdrop, other.backdrop) for other in others)
    assert np.array_equal(view.backdrop, view_of(one, 0, 30, 30, Light()).backdrop)


@pytest.mark.parametrize("camera", ["front", "top"])
def test_colours_are_where_the_things_are(camera):
    for seed in range(12):
        model, data = next(iter(states("cylinder", "forward", seed)))
        image = looking(data, model, camera, 84, 84).render(data)
        where = place(data, model, camera, 84, 84)
        assert np.abs(centroid(image, 0) - where[model.geom("block").id]).max() < 2.5
        gripper = (where[model.geom("tip").id] + where[model.geom("shaft").id]) / 2
        assert np.abs(centroid(image, 2) - gripper).max() < 5.0
        # The gripper may hover before the goal and hide a part of it.
        assert np.abs(centroid(image, 1) - where[model.geom("goal").id]).max() < 5.0


def test_wider_images_show_more_at_the_sides():
    model, data = next(iter(states("cylinder")))
    square, wide = (looking(data, model, "front", 40, width).render(data) for width in (40, 60))
    assert np.array_equal(square, wide[:, 10:50])


@pytest.mark.skipif(not GIVES_NORMALS, reason="this MuJoCo's rays return no normals to compare with")
@pytest.mark.parametrize("shape", ["cylinder", "box"])
def test_own_normals_equal_mujocos(shape):
    for model, data in states(shape):
        view = view_of(model, 0, 60, 60, Light())
        geom, distance, normal = cast(model, data, view.eye, view.rays, None)
        hit = view.eye + view.rays * distance[:, None]
        own = surface_normals(model, data, geom, hit)
        agree = np.abs(own - normal).max(1) < 1e-6
        # On an edge both faces' normals are right.
        assert agree.mean() > 0.999
