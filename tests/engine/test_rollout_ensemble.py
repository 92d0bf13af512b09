"""Temporal ensembling: the mean it should be, only where it makes sense, and off by default."""

import numpy as np
import pytest
from test_checkpoint import ACTION, OBS
from test_policy import parts, ready
from test_rollout import frames, pick, policy_of
from toy_env import Toy

from bczoo.engine.chunks import Ensemble
from bczoo.engine.evaluate import evaluate
from bczoo.errors import BczooError
from bczoo.schema import Mistakes
from bczoo.spec import Eval
from bczoo.specfile import spec_from_table


@pytest.mark.parametrize("decay", [0.0, 0.01, 1.0])
def test_an_action_is_the_mean_of_what_chunks_say_of_it_the_oldest_weighing_most(decay):
    B, H, A, steps = 3, 4, 2, 9
    chunks = np.random.default_rng(0).normal(size=(steps, B, H, A)).astype(np.float32)
    ensemble = Ensemble(B, H, A, decay)
    begins = np.zeros(B, int)
    for now in range(steps):
        if now == 5:
            ensemble.reset([1])
            begins[1] = 5
        assert ensemble.due().all()
        ensemble.put(chunks[now])
        taken = ensemble.take()
        for slot in range(B):
            # Chunks predicted at `then` speak of `now` in their place now - then; the oldest comes first.
            told = [chunks[then, slot, now - then] for then in range(max(begins[slot], now - H + 1), now + 1)]
            weights = np.exp(-decay * np.arange(len(told)))
            np.testing.assert_allclose(taken[slot], np.average(told, axis=0, weights=weights), atol=1e-5)


def test_an_actor_averages_its_policys_chunks():
    policy, seen = policy_of(horizon=3), frames(2, 1)
    ensemble, first, second = policy.actor(ensemble=0.5), policy.actor(execute=2), policy.actor()
    ensemble.act(seen[0])
    _, old = first.act(seen[0]), first.act(seen[1])
    expected = (old + np.exp(-0.5) * second.act(seen[1])) / (1 + np.exp(-0.5))
    np.testing.assert_allclose(ensemble.act(seen[1]), expected, atol=1e-6)


def test_it_is_off_by_default():
    policy, seen = policy_of(horizon=3), frames(4, 2)
    plain, averaged = policy.actor(2), policy.actor(2, ensemble=0.01)
    acted = [(plain.act(obs), averaged.act(obs)) for obs in seen]
    for obs, (now, mean) in zip(seen[1:], acted[1:], strict=True):
        alone = np.concatenate([policy.actor().act(pick(obs, slot)) for slot in range(2)])
        np.testing.assert_allclose(now, alone, atol=1e-5)
        assert np.abs(now - mean).max() > 1e-6
    assert Eval().ensemble is None


@pytest.mark.parametrize(
    ("horizon", "execute", "says"),
    [(1, 1, "horizon = 1 predicts single actions"), (4, 2, "needs a chunk at every step; set execute = 1")],
)
def test_where_there_is_nothing_to_average_it_is_a_mistake(horizon, execute, says):
    with pytest.raises(BczooError, match=says):
        policy_of(horizon=horizon).actor(execute=execute, ensemble=0.01)
    table = {
        "name": "averaged",
        "env": {"use": "push"},
        "policy": {"horizon": horizon, "backbone": {"use": "cnn"}, "head": {"use": "mlp"}},
        "train": {"epochs": 1},
        "eval": {"execute": execute, "ensemble": 0.01},
    }
    with pytest.raises(Mistakes, match=f"eval.ensemble = 0.01 .*{says}"):
        spec_from_table(table)


def test_an_evaluation_says_whether_it_averaged():
    policy = ready(parts(horizon=3), OBS, ACTION)
    with_it = evaluate(policy, Toy(), Eval(episodes=3, ensemble=0.01))
    without = evaluate(policy, Toy(), Eval(episodes=3))
    assert with_it.settings["ensemble"] == 0.01
    assert "ensemble" not in without.settings
    assert not np.array_equal(with_it.table[0].actions[1:3], without.table[0].actions[1:3])
