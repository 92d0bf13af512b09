"""Evaluations that go wrong: one sentence, environments closed, and nobody left deciding."""

import threading

import numpy as np
import pytest
from test_evaluate import Expert, policy
from test_judge import file  # noqa: F401 (a fixture)
from toy_env import Toy, ToyEnv

import bczoo
from bczoo.engine.evaluate import evaluate
from bczoo.engine.rollout import Actor
from bczoo.errors import BczooError, InputError
from bczoo.spec import Eval

FOUR = Eval(episodes=6, slots=4, batch=2)


@pytest.fixture
def envs(monkeypatch):
    """Those that were made and those that were closed; afterwards they are the same, and no thread is left."""
    made, closed, before = [], [], threading.active_count()
    build = ToyEnv.__init__
    monkeypatch.setattr(
        ToyEnv, "__init__", lambda self, *args, **kwargs: (made.append(self), build(self, *args, **kwargs))[1]
    )
    monkeypatch.setattr(ToyEnv, "close", lambda self: closed.append(self))
    yield made
    assert made
    assert set(made) == set(closed)
    assert threading.active_count() == before


def third(monkeypatch, name, does):
    """The third call of a method of the toy env does something else."""
    plain, calls = getattr(ToyEnv, name), []

    def method(self, *args, **kwargs):
        calls.append(name)
        return does(plain, self, *args, **kwargs) if len(calls) == 3 else plain(self, *args, **kwargs)

    monkeypatch.setattr(ToyEnv, name, method)


@pytest.mark.parametrize(
    ("name", "does", "said"),
    [
        (
            "step",
            lambda *_: 1 / 0,
            r"fails after \d steps from start \d \(seed \d+\): ZeroDivisionError: division by zero",
        ),
        ("reset", lambda *_, **__: 1 / 0, r"fails after 0 steps from start 2 \(seed \d+\): ZeroDivisionError"),
        ("step", lambda step, *args: (*step(*args)[:4], {}), r"KeyError: 'success'"),
        ("reset", lambda reset, *args, **seed: (reset(*args, **seed)[0], {}), r"KeyError: 'success'"),
        ("step", lambda *_: None, "TypeError: cannot unpack non-iterable NoneType object"),
    ],
)
def test_what_an_env_raises_is_one_sentence_with_its_place(monkeypatch, envs, name, does, said):
    third(monkeypatch, name, does)
    with pytest.raises(BczooError, match=rf"^the env \(ToyEnv\) .*{said}") as error:
        evaluate(Expert(), Toy(), FOUR)
    assert error.value.__cause__ is not None  # its author wants to see where


@pytest.mark.parametrize("reward", [float("nan"), float("-inf")])
def test_a_reward_that_is_no_number_is_refused_since_no_file_could_hold_it(monkeypatch, envs, reward):
    def odd(step, *args):
        obs, _, *rest = step(*args)
        return obs, reward, *rest

    third(monkeypatch, "step", odd)
    with pytest.raises(
        BczooError, match=rf"gives the reward {reward} after \d steps from start \d .*; make it a finite"
    ):
        evaluate(Expert(), Toy(), FOUR)


def test_an_action_that_is_no_number_is_refused_rather_than_counted_as_a_failure(monkeypatch, envs):
    monkeypatch.setattr(Expert, "act", lambda self, obs: np.full((len(obs["state"]), 2), np.nan, np.float32))
    with pytest.raises(BczooError, match=r"the policy gives no action but \[nan, nan\] after 0 steps from start 0"):
        evaluate(Expert(), Toy(), FOUR)


def test_an_env_that_cannot_be_built_is_named_and_those_before_it_are_closed(monkeypatch, envs):
    build = ToyEnv.__init__

    def third_fails(self, *args, **kwargs):
        if len(envs) == 2:
            raise OSError("no more displays")
        build(self, *args, **kwargs)

    monkeypatch.setattr(ToyEnv, "__init__", third_fails)
    with pytest.raises(BczooError, match="env 'toy' cannot be built here: OSError: no more displays"):
        evaluate(Expert(), Toy(), FOUR)
    assert len(envs) == 2


def test_a_policy_that_refuses_does_so_in_its_own_words(envs):
    with pytest.raises(InputError, match="predicts 1 actions"):
        evaluate(policy(), Toy(), Eval(episodes=5, slots=2, execute=3))


def test_what_a_policy_raises_in_its_thread_is_one_sentence(monkeypatch, envs):
    act, fine = Actor.act, [1, 1, 1]

    def fails(self, obs):
        if not fine:
            raise RuntimeError("out of memory\nand much more")
        fine.pop()
        return act(self, obs)

    monkeypatch.setattr(Actor, "act", fails)
    said = "cannot decide on 2 observations at once: RuntimeError: out of memory; if memory is short, lower eval.batch$"
    with pytest.raises(BczooError, match=said):
        evaluate(policy(), Toy(), FOUR)


@pytest.mark.parametrize("where", ["env", "policy", "progress"])
def test_an_interrupt_anywhere_ends_it_and_nobody_goes_on_deciding(monkeypatch, envs, where):
    def interrupt(*_):
        raise KeyboardInterrupt

    if where == "env":
        third(monkeypatch, "step", interrupt)
    if where == "policy":
        monkeypatch.setattr(Actor, "act", interrupt)
    decided = []
    act = Actor.act
    monkeypatch.setattr(Actor, "act", lambda self, obs: (decided.append(1), act(self, obs))[1])
    with pytest.raises(KeyboardInterrupt):
        evaluate(policy(), Toy(radius=9.0), FOUR, on_progress=interrupt if where == "progress" else None)
    assert len(decided) <= 4


def test_an_evaluation_that_fails_leaves_no_empty_folder_in_the_way(monkeypatch, file, tmp_path):  # noqa: F811
    for error in (RuntimeError, KeyboardInterrupt):
        monkeypatch.setattr(ToyEnv, "step", lambda *_, error=error: (_ for _ in ()).throw(error("no")))
        with pytest.raises((BczooError, KeyboardInterrupt)):
            bczoo.evaluate(file, out="mine", show=False)
        assert not (tmp_path / "mine").exists()
    monkeypatch.undo()
