"""The contract of environments: Gymnasium's own, and what core/engine/env.py adds."""

import warnings
from math import isfinite
from typing import Any

import numpy as np
from gymnasium.utils.env_checker import check_env as check_gymnasium

from bczoo.engine.env import read_spaces, simulators
from bczoo.errors import BczooError
from bczoo.testing.subject import Subject

SEED, STEPS = 7, 6
SAME = 1e-4  # in action units: a plan may be simulated in another precision


def check_env(subject: Subject) -> None:
    """Spaces, success, determinism, video frames, shifts, and an expert whose plan comes true, if there is one."""
    with subject.doing("building"):
        env, twin = subject.build(), subject.build()
    try:
        _check_spaces(subject, env)
        with subject.doing("Gymnasium's env checker"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check_gymnasium(env.unwrapped, skip_render_check=True, skip_close_check=True)
        with subject.doing("an episode"):
            _check_success(subject, env)
            _check_determinism(subject, env, twin)
        if hasattr(env, "expert_action") or hasattr(env, "expert_plan"):
            with subject.doing("the expert"):
                _check_expert(subject, env, twin)
        with subject.doing("a video frame"):
            _check_video(subject)
        with subject.doing("a shift"):
            _check_shifts(subject, env)
    finally:
        env.close()
        twin.close()


def _check_spaces(subject: Subject, env: Any) -> None:
    try:
        read_spaces(env, subject.card.name)
        simulators(subject.options)
    except BczooError as error:
        raise AssertionError(str(error)) from error
    subject.demand(env.action_space.dtype == np.float32, f"its actions are {env.action_space.dtype}, not float32")
    fps = env.metadata.get("render_fps")
    subject.demand(isinstance(fps, (int, float)) and fps > 0, "metadata['render_fps'] is missing")
    rule = getattr(env, "success_rule", "")
    subject.demand(isinstance(rule, str) and bool(rule), "`success_rule` does not say what success means")


def _check_success(subject: Subject, env: Any) -> None:
    _, info = env.reset(seed=SEED)
    _, reward, _, _, later = env.step(_actions(env)[0])
    for name, seen in {"reset": info, "step": later}.items():
        subject.demand(isinstance(seen.get("success"), bool), f"info['success'] of {name} is no bool")
    subject.demand(isfinite(float(reward)), f"its reward is {reward}, not a finite number")


def _actions(env: Any) -> Any:
    space = env.action_space
    unit = np.random.default_rng(SEED).uniform(size=(STEPS, *space.shape))
    return (space.low + unit * (space.high - space.low)).astype(np.float32)


def _episode(env: Any, calls: int = 0) -> list[Any]:
    """All that a few steps show, bit by bit; `calls` plans are asked for before each."""
    observation, info = env.reset(seed=SEED)
    seen = [_bits(observation), info["success"]]
    for action in _actions(env):
        for _ in range(calls):
            env.expert_plan(4)
        observation, reward, terminated, truncated, info = env.step(action)
        seen += [_bits(observation), float(reward), terminated, truncated, info["success"]]
        if terminated or truncated:
            break
    return seen


def _bits(observation: dict[str, Any]) -> dict[str, bytes]:
    return {name: np.asarray(value).tobytes() for name, value in observation.items()}


def _check_determinism(subject: Subject, env: Any, twin: Any) -> None:
    first = _episode(env)
    subject.demand(first == _episode(env), "reset(seed=n) does not start the same episode when called again")
    subject.demand(first == _episode(twin), "reset(seed=n) does not start the same episode in a new env")


def _check_expert(subject: Subject, env: Any, twin: Any) -> None:
    both = hasattr(env, "expert_action") and hasattr(env, "expert_plan")
    subject.demand(both, "an expert needs both expert_action() and expert_plan(k)")
    env.reset(seed=SEED)
    space, action = env.action_space, env.expert_action()
    subject.demand(space.contains(action), "expert_action() is no float32 action inside the action space's bounds")
    subject.demand(np.array_equal(action, env.expert_action()), "expert_action() says two things of one state")
    plan = env.expert_plan(STEPS)
    subject.demand(
        plan.shape == (STEPS, *space.shape) and plan.dtype == np.float32,
        f"expert_plan({STEPS}) is {plan.dtype} {plan.shape}, not float32 {(STEPS, *space.shape)}",
    )
    subject.demand(np.array_equal(env.expert_plan(1), plan[:1]), "expert_plan(1) is not the first row of a longer plan")
    subject.demand(np.array_equal(plan[0], action), "row 0 of expert_plan(k) is not expert_action()")
    subject.demand(_episode(env, calls=2) == _episode(twin), "expert_plan(k) changes the simulation it is asked in")
    env.reset(seed=SEED)
    for row, planned in enumerate(plan):
        now = env.expert_action()
        subject.demand(
            np.allclose(now, planned, atol=SAME),
            f"the expert's plan does not come true: row {row} is {planned.tolist()}, but followed to there "
            f"expert_action() is {now.tolist()}",
        )
        if any(env.step(planned)[2:4]):
            break


def _check_video(subject: Subject) -> None:
    if "rgb_array" not in subject.card.load().metadata.get("render_modes", ()):
        return
    env = subject.build(render_mode="rgb_array")
    try:
        env.reset(seed=SEED)
        frame = np.asarray(env.render())
    finally:
        env.close()
    kept = frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3
    subject.demand(kept, f"render() is {frame.dtype} {frame.shape}, not a uint8 RGB frame")


def _check_shifts(subject: Subject, plain: Any) -> None:
    """Under each shift the policy still fits, and the seed still determines the episode."""
    shifts = getattr(subject.card.load(), "shifts", {})
    sound = isinstance(shifts, dict) and all(isinstance(means, str) and means for means in shifts.values())
    subject.demand(sound, "`shifts` must be a dict of names and what each means in words")
    for name in shifts:
        subject.demand(str(name).isidentifier(), f"shift {name!r} is no plain name, of letters, digits and _")
        env, twin = subject.build(), subject.build()
        try:
            env.shift(name, 1.0)
            twin.shift(name, 1.0)
            same = (env.observation_space, env.action_space) == (plain.observation_space, plain.action_space)
            subject.demand(same, f"shift {name!r} changes the spaces")
            again = _episode(env) == _episode(twin)
            subject.demand(again, f"under shift {name!r}, reset(seed=n) does not start the same episode in a new env")
        finally:
            env.close()
            twin.close()
