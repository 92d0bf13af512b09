"""The Actor: a memory per slot, each frame encoded once, chunks carried out as asked."""

import attrs
import numpy as np
import pytest
import torch
from test_policy import PUSH, XYZ, parts, ready

from bczoo.errors import BczooError
from bczoo.plugins.temporal import Act, Gru, NoTemporal
from bczoo.shapes import Obs

SMALL = {"front": (16, 16, 3)}


def frames(count, slots, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {
            "front": rng.integers(0, 256, (slots, 16, 16, 3), dtype=np.uint8),
            "state": rng.normal(size=(slots, 3)).astype(np.float32),
        }
        for _ in range(count)
    ]


def policy_of(steps=1, horizon=1):
    return ready(parts(steps=steps, horizon=horizon), Obs(steps=steps, images=SMALL, state=3), XYZ)


def pick(obs, slot):
    return {key: value[slot : slot + 1] for key, value in obs.items()}


@pytest.mark.parametrize(("steps", "horizon", "execute"), [(1, 1, 1), (3, 1, 1), (2, 4, 1), (2, 4, 3)])
def test_eight_slots_act_as_each_would_alone(steps, horizon, execute):
    policy, seen = policy_of(steps, horizon), frames(7, 8)
    together, alone = policy.actor(8, execute), [policy.actor(1, execute) for _ in range(8)]
    for time, obs in enumerate(seen):
        if time == 4:  # episodes end at different times
            together.reset([2, 5])
            alone[2].reset()
            alone[5].reset()
        expected = np.concatenate([actor.act(pick(obs, slot)) for slot, actor in enumerate(alone)])
        np.testing.assert_allclose(together.act(obs), expected, atol=1e-5)


def test_the_past_is_seen_and_forgotten_at_a_reset():
    policy, (first, second) = policy_of(steps=2), frames(2, 1)
    actor = policy.actor()
    actor.act(first)
    with_past = actor.act(second)
    actor.reset()
    without = actor.act(second)
    assert np.abs(with_past - without).max() > 1e-4
    np.testing.assert_array_equal(policy.actor().act(second), without)


def test_the_first_frame_stands_for_the_ones_before_it():
    policy, (obs,) = policy_of(steps=3), frames(1, 1)
    images = torch.from_numpy(obs["front"]).unsqueeze(1).expand(-1, 3, -1, -1, -1)
    states = torch.from_numpy(obs["state"]).unsqueeze(1).expand(-1, 3, -1)
    with torch.inference_mode():
        prediction, _ = policy.decide(policy.encode({"front": images}, states), states)
    np.testing.assert_allclose(policy.actor().act(obs), policy.actions(prediction)[:, 0].numpy(), atol=1e-5)


def test_a_chunk_is_carried_out_before_the_next_is_predicted():
    policy, seen = policy_of(horizon=4), frames(4, 1)
    with torch.inference_mode():
        images = {"front": torch.from_numpy(seen[0]["front"]).unsqueeze(1)}
        state = torch.from_numpy(seen[0]["state"]).unsqueeze(1)
        prediction, _ = policy.decide(policy.encode(images, state), state)
    chunk = policy.actions(prediction)[0].numpy()
    actor = policy.actor(execute=3)
    acted = [actor.act(obs)[0] for obs in seen]
    np.testing.assert_allclose(acted[:3], chunk[:3], atol=1e-6)
    np.testing.assert_allclose(acted[3], policy.actor().act(seen[3])[0], atol=1e-6)


def test_each_new_frame_is_encoded_once(monkeypatch):
    policy, counted = policy_of(steps=4), []
    encode = policy.encode
    monkeypatch.setattr(policy, "encode", lambda images, state: counted.append(len(state)) or encode(images, state))
    actor = policy.actor(slots=2)
    for obs in frames(5, 2):
        actor.act(obs)
    assert counted == [2] * 5


@pytest.mark.parametrize("execute", [0, 5])
def test_execute_must_fit_the_horizon(execute):
    with pytest.raises(BczooError, match="predicts 4 actions"):
        policy_of(horizon=4).actor(execute=execute)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"front": 3, "state": 3}, r"'front' is uint8 \(3, 16, 16, 3\); wanted is uint8 \(2, 16, 16, 3\), 2 observ"),
        ({"state": 3}, r"'state' is float32 \(3, 3\); wanted is float32 \(2, 3\), 2 observations at once"),
        ({"front": 1}, r"'front' is uint8 \(1, 16, 16, 3\); wanted is uint8 \(2, 16, 16, 3\)"),
        ({"front": None}, r"the observation has no 'front'; it has 'state'"),
        ({"state": None}, r"the observation has no 'state'; it has 'front'"),
    ],
)
def test_an_actor_wants_one_observation_a_slot(change, said):
    obs = frames(1, 2)[0] | {name: frames(1, count)[0][name] for name, count in change.items() if count}
    for name in [name for name, count in change.items() if count is None]:
        del obs[name]
    with pytest.raises(BczooError, match=said):
        policy_of().actor(slots=2).act(obs)


def test_a_batch_is_as_large_as_its_first_camera():
    obs = frames(1, 3)[0]
    assert policy_of().act(obs).shape == (3, 3)
    with pytest.raises(BczooError, match=r"'state' is float32 \(2, 3\); wanted is float32 \(3, 3\)"):
        policy_of().act(obs | {"state": obs["state"][:2]})


def test_cameras_of_unequal_batches_are_refused():
    two = Obs(steps=1, images={"front": (16, 16, 3), "top": (16, 16, 3)}, state=0)
    policy, (obs,), (more,) = ready(parts(), two, XYZ), frames(1, 2), frames(1, 3)
    with pytest.raises(BczooError, match=r"'top' is uint8 \(3, 16, 16, 3\); wanted is uint8 \(2, 16, 16, 3\)"):
        policy.act({"front": obs["front"], "top": more["front"]})


def test_actions_come_in_the_envs_own_units():
    action = type(XYZ)(size=3, low=(10.0, 10.0, 10.0), high=(20.0, 20.0, 20.0))
    acted = ready(parts(), PUSH, action).act({"front": np.zeros((84, 84, 3), np.uint8), "state": np.zeros(3)})
    assert (acted >= 10).all()
    assert (acted <= 20).all()


@pytest.mark.parametrize("temporal", [NoTemporal(), Gru(hidden=16, memory="carry"), Act(d_model=16, heads=2)])
def test_an_actor_acts_in_half_the_precision(temporal):
    spec = attrs.evolve(parts(steps=2, horizon=4), temporal=temporal)
    policy, seen = ready(spec, Obs(steps=2, images=SMALL, state=3), XYZ), frames(4, 2)
    exact = [actor.act(obs) for actor in [policy.actor(2)] for obs in seen]
    rough = [actor.act(obs) for actor in [policy.infer_in_bf16().actor(2)] for obs in seen]
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(rough, exact, atol=0.05)  # of a range of 2
