"""Evaluation: the same starts for everybody, one memory per slot, an interval with every rate."""

import json
from threading import get_ident

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_checkpoint import ACTION, OBS
from test_policy import parts, ready
from toy_env import Toy, ToyEnv, ask

from bczoo.engine.evaluate import evaluate
from bczoo.engine.record import Recorder
from bczoo.engine.rollout import Actor
from bczoo.engine.wilson import wilson
from bczoo.plugins.backbones import Cnn
from bczoo.plugins.temporal import Act, Gru, Transformer
from bczoo.spec import Eval


def policy(steps=1):
    return ready(parts(steps=steps), type(OBS)(steps=steps, images=OBS.images, state=4), ACTION)


class Expert:
    """Stands where a policy stands, and always knows the way."""

    def actor(self, slots, execute, ensemble):
        assert (execute, ensemble) == (1, None)
        return self

    def reset(self, slots):
        pass

    def act(self, obs):
        return np.clip(obs["state"][:, 2:] - obs["state"][:, :2], -1, 1)


def test_an_expert_succeeds_and_a_random_policy_does_not():
    assert evaluate(Expert(), Toy(), Eval(episodes=20)).success_rate == 1.0
    assert evaluate(policy(), Toy(radius=0.01), Eval(episodes=20)).success_rate == 0.0


KINDS = {
    "cnn": {},
    "flattened cnn": {"backbone": Cnn(pool="flatten")},
    "window of a transformer": {"steps": 3, "temporal": Transformer(d_model=16, layers=1)},
    "window of a gru": {"steps": 3, "temporal": Gru(hidden=16)},
    "gru through the episode": {"steps": 3, "temporal": Gru(hidden=16, memory="carry")},
    "chunks": {"horizon": 4, "temporal": Act(d_model=16, heads=2)},
}
ROUTES = [(kind, {}) for kind in KINDS]
ROUTES += [("chunks", {"execute": 3}), ("chunks", {"ensemble": 0.01})]


@pytest.mark.parametrize(("kind", "route"), ROUTES)
def test_results_are_the_same_to_the_bit_however_many_slots_there_are(kind, route):
    spec = attrs.evolve(parts(), **KINDS[kind])
    made = ready(spec, type(OBS)(steps=spec.steps, images=OBS.images, state=4), ACTION)
    env = Toy(radius=1.5, max_steps=10)
    reports = [evaluate(made, env, Eval(episodes=23, slots=slots, **route)) for slots in (1, 5, 16, 20)]
    alone = rows(reports[0])
    assert len({steps for _, _, steps, _, _ in alone}) > 1  # or slots would never be out of step
    for report in reports[1:]:
        assert rows(report) == alone


def rows(report):
    return [(e.seed, e.success, e.steps, e.episode_return, np.stack(e.actions).tobytes()) for e in report.table]


def test_an_episode_is_the_same_among_fewer_others():
    many, few = (evaluate(policy(3), Toy(radius=1.5), Eval(episodes=n)) for n in (21, 18))
    assert rows(many)[:18] == rows(few)


def test_a_batch_is_full_and_has_one_prediction_a_chunk(monkeypatch):
    made, sizes = ready(parts(horizon=4), OBS, ACTION), []
    encode = made.encode
    monkeypatch.setattr(made, "encode", lambda images, state: sizes.append(len(state)) or encode(images, state))
    env = Toy(radius=0.0, max_steps=7)
    evaluate(made, env, Eval(episodes=7, slots=3, batch=5, execute=4))
    assert sizes == [5] * 2 * 3  # three rounds of seven steps, two chunks each


def test_every_policy_meets_the_same_starts_and_another_seed_gives_others():
    starts = [[e.seed for e in evaluate(p, Toy(), Eval(episodes=5)).table] for p in (policy(), Expert())]
    assert starts[0] == starts[1]
    assert not set(starts[0]) & {e.seed for e in evaluate(Expert(), Toy(), Eval(episodes=5, seed=1)).table}


def test_the_report_names_the_rule_and_counts_any_step():
    report = evaluate(Expert(), Toy(), Eval(episodes=4))
    assert report.success_rule == "the dot is within a radius of the goal, at any step"
    assert report.median_steps == np.median([e.steps for e in report.table])


def test_the_report_is_json_with_a_row_an_episode():
    report = json.loads(json.dumps(evaluate(Expert(), Toy(), Eval(episodes=3)).as_json()))
    assert report["success_rate"] == 1.0
    assert report["env"]["use"] == "toy"
    assert [row["index"] for row in report["table"]] == [0, 1, 2]
    assert "actions" not in report["table"][0]


def test_progress_is_told_after_each_episode():
    told = []
    evaluate(Expert(), Toy(), Eval(episodes=5, slots=2), on_progress=lambda *numbers: told.append(numbers))
    assert told == [(n, 5, n) for n in range(1, 6)]


def test_environments_are_made_stepped_and_closed_in_one_thread(monkeypatch):
    """OpenGL contexts, for one, belong to a thread; the policy decides in another one."""
    threads = {"env": set(), "policy": set()}

    def noted(cls, name, who):
        plain = getattr(cls, name)

        def told(*args, **kwargs):
            threads[who].add(get_ident())
            return plain(*args, **kwargs)

        monkeypatch.setattr(cls, name, told)

    for name in ("__init__", "reset", "step", "close"):
        noted(ToyEnv, name, "env")
    noted(Actor, "act", "policy")
    evaluate(policy(), Toy(), Eval(episodes=6, slots=4, batch=2))
    assert threads["env"] == {get_ident()}
    assert len(threads["policy"]) == 1
    assert threads["policy"].isdisjoint(threads["env"])


def test_a_start_that_is_a_success_already_counts_as_in_demonstrations(monkeypatch):
    step = ToyEnv.step

    def forget(self, action):
        *rest, info = step(self, action)
        return *rest, info | {"success": False}

    monkeypatch.setattr(ToyEnv, "step", forget)
    everywhere = Toy(radius=100.0, max_steps=2)
    assert evaluate(Expert(), everywhere, Eval(episodes=3)).success_rate == 1.0
    recorder = Recorder(ask(env=everywhere, demos=1))
    assert recorder.demo(0)["success"].all()


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (95, 100, 0.8882, 0.9785)],
)
def test_wilson_intervals_agree_with_the_textbook(successes, n, low, high):
    assert wilson(successes, n) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 500), st.data())
def test_a_wilson_interval_holds_its_rate_inside_zero_and_one(n, data):
    successes = data.draw(st.integers(0, n))
    low, high = wilson(successes, n)
    assert 0.0 <= low <= successes / n <= high <= 1.0
