"""Environments that break exactly one promise; `Walk` breaks none."""

import gymnasium
import numpy as np


class Walk(gymnasium.Env):
    """Keeps every promise."""

    metadata = {"render_modes": [], "render_fps": 10}  # noqa: RUF012
    success_rule = "near zero"

    def __init__(self, options, render_mode=None):
        self.render_mode = render_mode
        spaces = {"state": gymnasium.spaces.Box(-99, 99, (2,), np.float32)}
        self.observation_space = gymnasium.spaces.Dict(spaces)
        self.action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = self.np_random.uniform(2, 9, 2).astype(np.float32)
        return self.seen(), self.info()

    def step(self, action):
        self.place = self.place + np.asarray(action, np.float32)
        return self.seen(), 0.0, False, False, self.info()

    def seen(self):
        return {"state": self.place.copy()}

    def info(self):
        return {"success": bool(np.abs(self.place).max() < 1)}

    def expert_action(self):
        return np.clip(-0.2 * self.place, -1, 1).astype(np.float32)

    def expert_plan(self, k):
        keep, plan = self.place, []
        for _ in range(k):
            plan.append(self.expert_action())
            self.place = self.place + plan[-1]
        self.place = keep
        return np.stack(plan)


class Stale(Walk):
    def expert_plan(self, k):
        return np.repeat(self.expert_action()[None], k, axis=0)


class Swapped(Walk):
    def expert_plan(self, k):
        return super().expert_plan(k) * 0.5


class Meddling(Walk):
    def expert_plan(self, k):
        plan = super().expert_plan(k)
        self.place = self.place + np.float32(0.25)
        return plan


class Unplanned(Walk):
    expert_plan = property()


class Silent(Walk):
    def info(self):
        return {}


class Unrewarded(Walk):
    def step(self, action):
        obs, _, *rest = super().step(action)
        return obs, float("-inf"), *rest  # Gymnasium's checker finds nan


class Drifting(Walk):
    drift = 0.0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.drift += 1e-3
        self.place = self.place + np.float32(self.drift)
        return self.seen(), self.info()


class Twofold(Walk):
    def expert_action(self):
        return self.np_random.uniform(-1, 1, 2).astype(np.float32)


class Timeless(Walk):
    metadata = {"render_modes": []}  # noqa: RUF012


class Nameless(Walk):
    success_rule = ""


class Coarse(Walk):
    def __init__(self, options, render_mode=None):
        super().__init__(options, render_mode)
        self.action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float64)


class Stuck(Walk):
    def __init__(self, options, render_mode=None):
        super().__init__(options, render_mode)
        self.action_space = gymnasium.spaces.Box(np.float32([-1, 0]), np.float32([1, 0]))


class Simulated(Walk):
    simulators = "mujoco"


class Lost(Walk):
    simulators = ("no-such-simulator",)


class Dim(Walk):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def render(self):
        return np.zeros((8, 8), np.uint8)


class Windy(Walk):
    shifts = {"wind": "blows"}  # noqa: RUF012
    wind = 0.0

    def shift(self, name, strength):
        self.wind = strength

    def step(self, action):
        return super().step(action + np.float32(self.wind))


class Grown(Windy):
    def shift(self, name, strength):
        self.action_space = gymnasium.spaces.Box(-2, 2, (2,), np.float32)


class Gusty(Windy):
    def shift(self, name, strength):
        self.wind = np.random.default_rng().uniform()


class Unmoved(Walk):
    shifts = {"wind": "blows"}  # noqa: RUF012


class Unsaid(Walk):
    shifts = ("wind",)


class Misnamed(Windy):
    shifts = {"../x": "blows"}  # noqa: RUF012
