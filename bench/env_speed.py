"""How fast the push task runs on one core: its cached ray images against plain rays, beside steps and plans.

OMP_NUM_THREADS=1 python bench/env_speed.py
"""

import argparse
from collections.abc import Callable
from time import perf_counter

import mujoco
from rows import Row, of_pairs, run

from bczoo.plugins.envs import Push
from bczoo.plugins.envs.push_env import PushEnv
from bczoo.plugins.envs.push_scene import Light, scene_xml
from bczoo.plugins.envs.ray_renderer_env import RayRenderer

STEPS = 3000
PLAN_LENGTH = 8
ROUNDS = 7
PLAN = Row(what="84x84 image of the push task", baseline="plain rays", unit="ms", aim="<= 0.2x", device="cpu, 1 thread")


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


def images() -> tuple[Callable[[], object], Callable[[], object]]:
    """Rendering one scene in both ways."""
    model = mujoco.MjModel.from_xml_string(scene_xml("cylinder"))
    data = mujoco.MjData(model)
    data.mocap_pos[0] = (0.12, 0.05, 0.0)
    data.joint("block").qpos[:2] = (-0.05, -0.03)
    data.joint("x").qpos[0] = -0.15
    mujoco.mj_kinematics(model, data)
    renderer = RayRenderer(model, "front", 84, 84)
    renderer.look(Light(), data)
    return lambda: renderer.render(data), lambda: renderer.render_plain(data)


def measure(_: argparse.Namespace) -> list[Row]:
    cached, plain = images()
    pairs = [(1e3 * seconds(cached, 200), 1e3 * seconds(plain, 30)) for _ in range(ROUNDS)]
    env = PushEnv(Push())
    steps = 1 / seconds(drive(env), STEPS)
    env.reset(seed=0)
    plan = 1e3 * seconds(lambda: env.expert_plan(PLAN_LENGTH), 500)
    note = f"{steps:,.0f} steps/s with image and expert; {plan:.2f} ms a plan of {PLAN_LENGTH}"
    return [of_pairs(PLAN, pairs, note=note)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
