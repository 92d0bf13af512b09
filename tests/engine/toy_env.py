"""A dot walks onto a goal: the smallest env that keeps the env contract, importable by spawned processes.

`TOY_PAUSE` (seconds a step) and `TOY_NO_TORCH` (refuse to be built beside torch) come from the environment,
so that they are no part of what is asked for. `ask` asks for a small collection, `edit_meta` tampers with it.
"""

import json
import os
import sys
import time

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict

from bczoo.card import component, field
from bczoo.engine.collect import Request


@component("env", "toy", "toy_env:ToyEnv")
class Toy:
    """A dot walks onto a goal."""

    cameras: tuple[str, ...] = field(default=("front",), help="cameras, all alike")
    state: bool = field(default=True, help="whether the policy sees positions")
    radius: float = field(default=0.2, help="how near the goal is near enough")
    max_steps: int = field(default=20, help="steps after which an episode is cut off")


@component("env", "toy-mute", "toy_env:MuteEnv")
class Mute:
    """The same without an expert."""


def ask(**changes):
    """A small request that fills three shards."""
    wanted = {"env": Toy(), "demos": 55, "noise": 0.3, "plan": 4, "seed": 7, "keep_failures": False}
    return Request(**wanted | changes)


def edit_meta(folder, change):
    """Apply `change` to the parsed meta.json of `folder`."""
    path = folder / "meta.json"
    meta = json.loads(path.read_text())
    change(meta)
    path.write_text(json.dumps(meta))


class MuteEnv(gymnasium.Env):
    metadata = {"render_modes": [], "render_fps": 10}  # noqa: RUF012
    success_rule = "the dot is within a radius of the goal"

    def __init__(self, options, render_mode=None):
        if os.environ.get("TOY_NO_TORCH") and "torch" in sys.modules:
            raise RuntimeError("this process imported torch")
        self.options, self.render_mode = options, render_mode
        self.cameras = getattr(options, "cameras", ("front",))
        spaces = {name: Box(0, 255, (6, 8, 3), np.uint8) for name in self.cameras}
        if getattr(options, "state", True):
            spaces["state"] = Box(-9, 9, (4,), np.float32)
        self.observation_space = Dict(spaces)
        self.action_space = Box(-1, 1, (2,), np.float32)
        self.image = np.zeros((6, 8, 3), np.uint8)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.position, self.goal = self.np_random.uniform(-2, 2, (2, 2)).astype(np.float32)
        self.steps = 0
        return self._observe()

    def step(self, action):
        assert self.action_space.contains(action)
        time.sleep(float(os.environ.get("TOY_PAUSE", 0)))
        self.position = self.position + np.float32(0.5) * action
        self.steps += 1
        observation, info = self._observe()
        return observation, 0.0, info["success"], self.steps >= getattr(self.options, "max_steps", 20), info

    def _observe(self):
        # Drawn into one buffer on purpose: whoever keeps a frame must copy it.
        self.image[:] = self.steps
        self.image[0, 0, :2] = np.clip(self.position * 20 + 128, 0, 255)
        observation = dict.fromkeys(self.cameras, self.image)
        if "state" in self.observation_space.spaces:
            observation["state"] = np.concatenate([self.position, self.goal])
        return observation, {
            "success": bool(np.linalg.norm(self.goal - self.position) < getattr(self.options, "radius", 0.2))
        }


class ToyEnv(MuteEnv):
    def expert_action(self):
        return expert(self.position, self.goal)

    def expert_plan(self, k):
        position, plan = self.position, []
        for _ in range(k):
            plan.append(expert(position, self.goal))
            position = position + np.float32(0.5) * plan[-1]
        return np.stack(plan)


def expert(position, goal):
    return np.clip(goal - position, -1, 1).astype(np.float32)
