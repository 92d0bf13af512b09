"""Memory in rollout, for every temporal module: one per slot, forgotten at a reset, true to training."""

import numpy as np
import pytest
import torch
from test_policy import XYZ, parts, ready
from test_rollout import SMALL, frames, pick

from bczoo.errors import BczooError
from bczoo.plugins.backbones import Cnn
from bczoo.plugins.temporal import Act, Gru, Lstm, NoTemporal, Transformer
from bczoo.shapes import Obs

WIDTHS = {"d_model": 32, "heads": 4}
MODULES = {
    "none": NoTemporal(),
    "gru-window": Gru(hidden=16),
    "gru-carry": Gru(hidden=16, layers=2, memory="carry"),
    "lstm-window": Lstm(hidden=16, layers=2),
    "lstm-carry": Lstm(hidden=16, memory="carry"),
    "act": Act(**WIDTHS, encoder_layers=2, decoder_layers=2, dim_feedforward=32),
    "act-cvae": Act(**WIDTHS, encoder_layers=2, decoder_layers=2, dim_feedforward=32, cvae=True),
    "transformer": Transformer(**WIDTHS, layers=2),
}
every_module = pytest.mark.parametrize("options", MODULES.values(), ids=MODULES)
with_window = pytest.mark.parametrize(
    "options", [options for name, options in MODULES.items() if "carry" not in name], ids=lambda o: type(o).__name__
)
with_carry = pytest.mark.parametrize("options", [MODULES["gru-carry"], MODULES["lstm-carry"]], ids=["gru", "lstm"])


def policy_of(options, steps=3, horizon=1):
    spec = parts(steps=steps, horizon=horizon, temporal=options, backbone=Cnn(pool="flatten"))
    return ready(spec, Obs(steps=steps, images=SMALL, state=3), XYZ)


def run(actor, seen, resets=None):
    """Actions of every step; `resets` {time: slots}."""
    actions = []
    for time, obs in enumerate(seen):
        if resets and time in resets:
            actor.reset(resets[time])
        actions.append(actor.act(obs))
    return np.stack(actions)


@every_module
@pytest.mark.parametrize(
    ("steps", "horizon", "how"),
    [(1, 1, {}), (3, 1, {}), (3, 4, {"execute": 3}), (2, 4, {"ensemble": 0.01})],
    ids=["single", "history", "chunks", "ensemble"],
)
def test_eight_slots_act_as_each_would_alone(options, steps, horizon, how):
    policy, seen = policy_of(options, steps, horizon), frames(9, 8)
    resets = {2: [1], 4: [2, 5], 5: [1, 7]}  # episodes end at different times
    together = run(policy.actor(8, **how), seen, resets)
    for slot in range(8):
        own = {time: None for time, slots in resets.items() if slot in slots}
        alone = run(policy.actor(1, **how), [pick(obs, slot) for obs in seen], own)
        np.testing.assert_allclose(together[:, slot], alone[:, 0], atol=1e-5)


@every_module
def test_a_reset_forgets_everything(options):
    policy, seen = policy_of(options), frames(6, 2)
    again = run(policy.actor(2), seen, {3: [1]})
    new = run(policy.actor(2), seen[3:])
    np.testing.assert_allclose(again[3:, 1], new[:, 1], atol=1e-6)
    assert np.abs(again[3:, 0] - new[:, 0]).max() > 1e-5


def encoded(policy, seen):
    images = torch.stack([torch.from_numpy(obs["front"]) for obs in seen], dim=1)
    state_BTS = torch.stack([torch.from_numpy(obs["state"]) for obs in seen], dim=1)
    return policy.encode({"front": images}, state_BTS), state_BTS


@with_window
def test_a_window_is_read_as_in_training(options):
    policy, seen = policy_of(options), frames(6, 2)
    acted = run(policy.actor(2), seen)
    for time in range(2, 6):
        prediction, _ = policy.decide(*encoded(policy, seen[time - 2 : time + 1]))
        np.testing.assert_allclose(acted[time], policy.actions(prediction)[:, 0].detach().numpy(), atol=1e-5)


@with_carry
@pytest.mark.parametrize("execute", [1, 2])
def test_a_carried_memory_holds_the_whole_episode(options, execute):
    policy, seen = policy_of(options, horizon=2), frames(7, 2)
    acted = run(policy.actor(2, execute=execute), seen)
    for time in range(0, 7, execute):  # frames between two decisions count as well
        prediction, _ = policy.decide(*encoded(policy, seen[: time + 1]))
        np.testing.assert_allclose(acted[time], policy.actions(prediction)[:, 0].detach().numpy(), atol=1e-5)


@with_carry
def test_a_carried_memory_outlasts_the_window(options):
    policy, seen = policy_of(options, steps=1), frames(4, 1)
    first, later = run(policy.actor(), seen[-1:])[0], run(policy.actor(), seen)[-1]
    assert np.abs(first - later).max() > 1e-4


@with_carry
def test_a_carried_memory_needs_an_actor_even_for_one_step(options):
    with pytest.raises(BczooError, match=r"looks at the whole episode so far.*policy\.actor\(\)"):
        policy_of(options, steps=1).act(frames(1, 1)[0])


@pytest.mark.parametrize("options", [MODULES["gru-window"], MODULES["act"], MODULES["transformer"]])
def test_one_step_without_memory_needs_no_actor(options):
    policy, (obs,) = policy_of(options, steps=1), frames(1, 3)
    np.testing.assert_allclose(policy.act(obs), policy.actor(3).act(obs), atol=1e-6)
