"""Shifts: named changes of the env that is evaluated in, from the same starts."""

import json

import numpy as np
import pytest
from specs import toy_spec
from test_evaluate import Expert
from test_judge import file  # noqa: F401 (a fixture)
from toy_env import Toy, ToyEnv

import bczoo
from bczoo.engine.discordant import discordant
from bczoo.engine.env import make_env
from bczoo.engine.evaluate import evaluate
from bczoo.engine.shift import read_shift, read_shifts, shifted_env, shifts_of
from bczoo.engine.shift_name import Shift
from bczoo.engine.video import replay
from bczoo.errors import BczooError, InputError
from bczoo.spec import Eval

STEPS = Eval(episodes=6)


@pytest.fixture
def windy(monkeypatch):
    """The toy env offers a shift: everything is blown aside."""

    def shift(self, name, strength):
        if strength > 5:
            raise InputError("shift wind: too strong")
        step = self.step
        self.step = lambda action: step(np.clip(action + np.float32([strength, 0]), -1, 1).astype(np.float32))

    monkeypatch.setattr(ToyEnv, "shifts", {"wind": "blows along x, by 1"}, raising=False)
    monkeypatch.setattr(ToyEnv, "shift", shift, raising=False)


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        ("lighting", Shift("lighting")),
        ("a=0.5", Shift("a", 0.5)),
        ("action_delay=2", Shift("action_delay", 2)),
        ("a=0.12345678", Shift("a", 0.12345678)),  # another than 0.12345679, in names of films, too
        ("a=1e+22", Shift("a", 1e22)),
        ("a=1e-07", Shift("a", 1e-7)),
    ],
)
def test_a_shift_is_a_name_and_perhaps_a_strength(text, shift):
    assert read_shift(text) == shift
    assert str(shift) == text


@pytest.mark.parametrize("text", ["", "=2", "a=", "a=x", "a=0", "a=-1", "a=nan", "a=inf", "a=1=2"])
def test_what_is_no_shift_is_refused(text):
    with pytest.raises(InputError, match="write NAME or NAME=STRENGTH, a number above 0"):
        read_shift(text)


def test_a_delay_is_a_whole_number_of_steps():
    with pytest.raises(InputError, match="a delay is a whole number of steps"):
        read_shift("action_delay=1.5")


def test_an_env_offers_its_own_and_the_delay(windy):
    assert list(shifts_of(Toy())) == ["wind", "action_delay"]


def test_one_that_an_env_does_not_offer_is_refused(windy):
    with pytest.raises(InputError, match=r"env 'toy' has no shift 'wnd'; did you mean 'wind'\?"):
        read_shifts(Toy(), ("wnd",))
    with pytest.raises(InputError, match="shift wind: too strong"):
        read_shifts(Toy(), ("wind=6",))
    with pytest.raises(InputError, match="shift 'wind' is asked for twice"):
        read_shifts(Toy(), ("wind", "action_delay", "wind=1"))


def test_a_delay_carries_actions_out_late_and_idles_before():
    plain, late = make_env(Toy()), shifted_env(Toy(), Shift("action_delay", 2))
    actions = np.random.default_rng(0).uniform(-0.4, 0.4, (6, 2)).astype(np.float32)
    for _ in range(2):  # nothing is under way when an episode begins
        np.testing.assert_array_equal(plain.reset(seed=3)[0]["state"], late.reset(seed=3)[0]["state"])
        for sent, arrived in zip(actions, [np.zeros(2, np.float32)] * 2 + list(actions[:4]), strict=True):
            np.testing.assert_array_equal(plain.step(arrived)[0]["state"], late.step(sent)[0]["state"])


def test_a_delay_longer_than_any_episode_takes_no_memory():
    late = shifted_env(Toy(), read_shift("action_delay=1e300"))
    start = late.reset(seed=3)[0]["state"]
    for _ in range(3):
        assert late.step(np.ones(2, np.float32))[0]["state"].tolist() == start.tolist()


@pytest.mark.parametrize(("raised", "said"), [(InputError("too strong"), "^too strong$"), (KeyError(3), "KeyError: 3")])
def test_an_env_that_cannot_take_a_shift_on_is_closed_and_named(windy, monkeypatch, raised, said):
    def shift(*_):
        raise raised

    closed = []
    monkeypatch.setattr(ToyEnv, "shift", shift)
    monkeypatch.setattr(ToyEnv, "close", lambda self: closed.append(self))
    with pytest.raises(BczooError, match=said):
        read_shifts(Toy(), ("wind",))
    assert len(closed) == 1


def test_the_starts_are_the_same_and_the_report_names_the_shift(windy):
    plain, shifted = evaluate(Expert(), Toy(), STEPS), evaluate(Expert(), Toy(), STEPS, shift=Shift("wind", 2.0))
    assert [e.seed for e in plain.table] == [e.seed for e in shifted.table]
    assert (plain.shift, shifted.shift) == (None, Shift("wind", 2.0))
    assert json.loads(json.dumps(shifted.as_json()))["shift"] == {"name": "wind", "strength": 2.0}
    assert shifted.successes < plain.successes == 6
    assert discordant(plain.table, shifted.table) == (0, 6 - shifted.successes)
    assert discordant(shifted.table, plain.table) == (6 - shifted.successes, 0)


def test_an_episode_is_replayed_as_it_was(windy, monkeypatch):
    monkeypatch.setattr(ToyEnv, "render", lambda self: np.full((8, 8, 3), 10 * self.steps, np.uint8), raising=False)
    for shift in (Shift("wind"), Shift("action_delay", 3)):
        seen = []
        monkeypatch.setattr(ToyEnv, "close", lambda self, seen=seen: seen.append(self.position))
        evaluate(Expert(), Toy(), Eval(episodes=1), shift=shift)
        episode = evaluate(Expert(), Toy(), Eval(episodes=1), shift=shift).table[0]
        list(replay(Toy(), episode, shift))
        np.testing.assert_array_equal(seen[-1], seen[0])


def test_a_policy_file_is_judged_plain_and_under_each_shift(windy, file):  # noqa: F811
    made = bczoo.evaluate(file, show=False, videos=0, shift=["wind", "action_delay=2"])
    written = json.loads((made.folder / "eval.json").read_text())
    assert [report["shift"] for report in [written, *written["shifted"]]] == [
        None,
        {"name": "wind", "strength": 1.0},
        {"name": "action_delay", "strength": 2.0},
    ]
    assert written["settings"]["shift"] == ["wind", "action_delay=2"]
    assert [report.shift for report in made.report.shifted] == [Shift("wind"), Shift("action_delay", 2.0)]


def test_an_unknown_shift_is_refused_before_anything_is_made(file, folder, runs, tmp_path):  # noqa: F811
    for ask in (
        lambda: bczoo.evaluate(file, out="mine", show=False, shift=["wind"]),
        lambda: bczoo.train(toy_spec(folder, eval={"shift": ["wind"]}), run="r", show=False),
        lambda: bczoo.check(toy_spec(folder, eval={"shift": ["wind"]})),
    ):
        with pytest.raises(InputError, match="env 'toy' has no shift 'wind'"):
            ask()
    assert not (tmp_path / "mine").exists()
    assert not (runs / "r").exists()
