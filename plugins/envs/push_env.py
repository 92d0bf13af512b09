"""The push task: a gripper pushes a block across a table onto a round goal (MuJoCo, 20 Hz)."""

from functools import partial
from math import cos, pi, sin, sqrt
from typing import Any, ClassVar, Final, NamedTuple

import gymnasium
import mujoco
import numpy as np
from numpy.typing import NDArray

from bczoo.errors import InputError
from bczoo.plugins.envs import Push
from bczoo.plugins.envs.gl_renderer_env import GLRenderer
from bczoo.plugins.envs.push_expert import Action, push_action
from bczoo.plugins.envs.push_scene import BLOCK_HALF_HEIGHT, CONTROL_HZ, GOAL_RADIUS, SUBSTEPS, Light, scene_xml
from bczoo.plugins.envs.push_shifts_env import SHIFTS, VISIBLE, Looks, slip, stretch
from bczoo.plugins.envs.ray_renderer_env import RayRenderer

Observation = dict[str, Any]
Info = dict[str, Any]

VIDEO_CAMERA: Final = "front"
VIDEO_SIZE: Final = 480
FALLEN: Final = -0.01  # height of the block's centre, in metres, below which it has left the table
MIN_DISTANCE: Final = 0.12  # between block and goal at the start, in metres

# All that decides how a simulation goes on, warm start of the solver included.
_STATE: Final = int(mujoco.mjtState.mjSTATE_INTEGRATION)


class _Simulation(NamedTuple):
    """One MjData with views of what is read and written at every step, by name only once."""

    data: Any
    control: NDArray[np.float64]
    gripper: NDArray[np.float64]
    block: NDArray[np.float64]

    @classmethod
    def of(cls, model: Any) -> "_Simulation":
        data = mujoco.MjData(model)
        gripper, block = model.jnt_qposadr[model.joint("x").id], model.jnt_qposadr[model.joint("block").id]
        return cls(data, data.ctrl, data.qpos[gripper : gripper + 3], data.qpos[block : block + 7])


class PushEnv(gymnasium.Env[Observation, NDArray[np.float32]]):
    """Push the block onto the goal.

    Observation: for each of `options.cameras` an image (height, width, 3) uint8, and "state", float32 (3,),
    the gripper's tip (x, y, z) in metres. Action: float32 (3,) in [-1, 1], the gripper's velocity in units
    of 0.25 m/s; values outside are clipped. Reward: minus the distance from block to goal in metres.
    `info` has "distance" (m) and "success". The episode terminates on success or when the block falls off
    the table, and is truncated after `options.max_steps` steps.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": CONTROL_HZ}  # noqa: RUF012 (gymnasium's type)
    success_rule: Final = "block centre within 5 cm of the goal centre"
    simulators: ClassVar[tuple[str, ...]] = ("mujoco",)
    shifts: ClassVar[dict[str, str]] = SHIFTS

    def __init__(self, options: Push, render_mode: str | None = None) -> None:
        """`render_mode` is None or "rgb_array"; raises BczooError if the renderer cannot be had."""
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise InputError(f"env 'push': no render_mode {render_mode!r}; use None or 'rgb_array'")
        self.render_mode = render_mode
        self._options = options
        self._goal = (0.0, 0.0)
        self._steps = 0
        self._looks: Looks | None = None
        self._build(scene_xml(options.shape))
        image: gymnasium.Space[Any] = gymnasium.spaces.Box(0, 255, (options.height, options.width, 3), np.uint8)
        state = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)
        self.observation_space = gymnasium.spaces.Dict({**dict.fromkeys(self._cameras, image), "state": state})
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)

    def _build(self, scene: str) -> None:
        options = self._options
        self._model = mujoco.MjModel.from_xml_string(scene)
        self._now, self._future = _Simulation.of(self._model), _Simulation.of(self._model)
        self._snapshot = np.empty(mujoco.mj_stateSize(self._model, _STATE))
        self._cameras = {camera: self._renderer(camera, options.height, options.width) for camera in options.cameras}
        self._light = Light()
        self._video: RayRenderer | GLRenderer | None = None

    def shift(self, name: str, strength: float) -> None:
        """Take on one of `shifts`, from the next reset on; raises InputError for one that is none or too strong."""
        scene = scene_xml(self._options.shape, stretch(name, strength))
        self.close()
        self._build(scene)
        if name == "friction":
            slip(self._model, strength)
        self._looks = Looks(self._model, name, strength) if name in VISIBLE else None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, Info]:
        """Start an episode, wholly determined by `seed` if given; `options` is not used."""
        super().reset(seed=seed, options=options)
        mujoco.mj_resetData(self._model, self._now.data)
        self._place()
        if self._looks is not None:
            # The numbers that starts are drawn from stay what they are.
            self._light = self._looks.draw(self.np_random.spawn(1)[0])
        mujoco.mj_forward(self._model, self._now.data)
        for renderer in (*self._cameras.values(), self._video):
            if renderer is not None:
                renderer.look(self._light, self._now.data)
        self._steps = 0
        return self._observe(), self._info()

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, Info]:
        """Advance by 1/20 s."""
        data = self._now.data
        self._now.control[:] = action
        mujoco.mj_step(self._model, data, SUBSTEPS)
        mujoco.mj_kinematics(self._model, data)  # mj_step leaves the poses one substep behind
        self._steps += 1
        info = self._info()
        ended = info["success"] or bool(self._now.block[2] < FALLEN)
        return self._observe(), -info["distance"], ended, self._steps >= self._options.max_steps, info

    def render(self) -> NDArray[np.uint8] | None:
        """With render_mode "rgb_array" the front view as (480, 480, 3) uint8; else None."""
        if self.render_mode is None:
            return None
        if self._video is None:
            self._video = self._renderer(VIDEO_CAMERA, VIDEO_SIZE, VIDEO_SIZE)
            self._video.look(self._light, self._now.data)
        return self._video.render(self._now.data)

    def close(self) -> None:
        """Release the renderers."""
        for renderer in (*self._cameras.values(), self._video):
            if renderer is not None:
                renderer.close()
        self._video = None

    def expert_action(self) -> NDArray[np.float32]:
        """The expert's action (3,) in [-1, 1] for the present state."""
        return np.array(self._expert(self._now), np.float32)

    def expert_plan(self, k: int) -> NDArray[np.float32]:
        """The expert's next `k` >= 1 actions (k, 3); the simulation itself does not change."""
        mujoco.mj_getState(self._model, self._now.data, self._snapshot, _STATE)
        mujoco.mj_setState(self._model, self._future.data, self._snapshot, _STATE)
        plan = np.empty((k, 3), np.float32)
        plan[0] = self._expert(self._future)
        for row in range(1, k):
            self._future.control[:] = plan[row - 1]
            mujoco.mj_step(self._model, self._future.data, SUBSTEPS)
            plan[row] = self._expert(self._future)
        return plan

    def _expert(self, simulation: _Simulation) -> Action:
        gripper, block = simulation.gripper.tolist(), simulation.block.tolist()
        return push_action(gripper, block, self._goal, self._options.shape)

    def _observe(self) -> Observation:
        data = self._now.data
        seen: Observation = {name: renderer.render(data) for name, renderer in self._cameras.items()}
        seen["state"] = self._now.gripper.astype(np.float32)
        return seen

    def _info(self) -> Info:
        x, y, *_ = self._now.block.tolist()
        dx, dy = x - self._goal[0], y - self._goal[1]
        distance = sqrt(dx * dx + dy * dy)
        return {"distance": distance, "success": distance < GOAL_RADIUS}

    def _place(self) -> None:
        """Draw the start of an episode: block and goal at least MIN_DISTANCE apart, gripper above."""
        uniform = self.np_random.uniform
        forward = self._options.layout == "forward"
        block, goal = (0.0, 0.0), (0.0, 0.0)
        while (goal[0] - block[0]) ** 2 + (goal[1] - block[1]) ** 2 < MIN_DISTANCE**2:
            if forward:
                block = uniform(-0.10, 0.0), uniform(-0.10, 0.10)
                goal = uniform(0.08, 0.16), uniform(-0.12, 0.12)
            else:
                block = uniform(-0.13, 0.13), uniform(-0.13, 0.13)
                goal = uniform(-0.16, 0.16), uniform(-0.16, 0.16)
        gripper_x, gripper_y = ((-0.2, 0.1), (-0.12, 0.12)) if forward else ((-0.2, 0.2), (-0.2, 0.2))
        half_turn = uniform(-pi, pi) / 2
        self._goal = goal
        self._now.data.mocap_pos[0] = (*goal, 0.0)
        self._now.block[:] = (*block, BLOCK_HALF_HEIGHT, cos(half_turn), 0.0, 0.0, sin(half_turn))
        self._now.gripper[:] = uniform(*gripper_x), uniform(*gripper_y), uniform(0.10, 0.15)

    def _renderer(self, camera: str, height: int, width: int) -> RayRenderer | GLRenderer:
        kind = self._options.renderer
        make = RayRenderer if kind == "ray" else partial(GLRenderer, backend=kind)
        return make(self._model, camera, height, width)
