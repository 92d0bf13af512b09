"""How fast the push task runs: steps, images and the expert's plans, on one core.

OMP_NUM_THREADS=1 python bench/env_speed.py
"""

from collections.abc import Callable
from time import perf_counter

import mujoco

from bczoo.plugins.envs import Push
from bczoo.plugins.envs.push_env import PushEnv
from bczoo.plugins.envs.push_scene import scene_xml
from bczoo.plugins.envs.ray_renderer_env import RayRenderer

STEPS = 3000
PLAN = 8


def seconds(work: Callable[[], object], times: int) -> float:
    start = perf_counter()
    for _ in range(times):
        work()
    return (perf_counter() - start) / times


def drive(env: PushEnv) -> Callable[[], None]:
    """One step of the expert, starting a new episode whenever one ends."""
    env.reset(seed=0)

    def advance() -> None:
        _, _, terminated, truncated, _ = env.step(env.expert_action())
        if terminated or truncated:
            env.reset()

    return advance


def main() -> None:
    env, tiny = PushEnv(Push()), PushEnv(Push(height=8, width=8))
    print(f"steps/s, 84x84 image and expert: {1 / seconds(drive(env), STEPS):.0f}")
    print(f"steps/s, 8x8 image and expert: {1 / seconds(drive(tiny), STEPS):.0f}")

    model = mujoco.MjModel.from_xml_string(scene_xml("cylinder"))
    data = mujoco.MjData(model)
    data.mocap_pos[0] = (0.12, 0.05, 0.0)
    data.joint("block").qpos[:2] = (-0.05, -0.03)
    data.joint("x").qpos[0] = -0.15
    mujoco.mj_kinematics(model, data)
    renderer = RayRenderer(model, "front", 84, 84)
    cached = seconds(lambda: renderer.render(data), 1000)
    plain = seconds(lambda: renderer.render_plain(data), 200)
    print(f"ms an image: {cached * 1e3:.3f} cached, {plain * 1e3:.3f} plain ({plain / cached:.1f} times)")

    env.reset(seed=0)
    print(f"ms a plan of {PLAN}: {seconds(lambda: env.expert_plan(PLAN), 500) * 1e3:.3f}")


if __name__ == "__main__":
    main()
