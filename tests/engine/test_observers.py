"""Observers that raise: reported by name, struck off, and fatal only where the run would not be what was asked for."""

import logging
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from specs import toy_spec

from bczoo.engine.checkpoint import load_policy
from bczoo.engine.experiment import train
from bczoo.engine.metrics import read_metrics
from bczoo.engine.observers import Observers
from bczoo.errors import BczooError
from bczoo.hooks import hookimpl
from bczoo.registry import zoo


class Counter:
    """Hears every step, and raises at one of them."""

    def __init__(self, raises_at=None, error=None):
        self.heard, self.raises_at, self.error = 0, raises_at, error or ValueError("no such\nluck")

    @hookimpl
    def bczoo_step_end(self, run):
        self.heard += 1
        if run.step == self.raises_at:
            raise self.error


class Essential(Counter):
    essential = True


def told(*observers, strict=False, steps=4):
    """Observers after so many steps."""
    group = Observers(strict=strict)
    for number, observer in enumerate(observers):
        group.add(observer, f"observer {number}")
    for step in range(1, steps + 1):
        group.tell("bczoo_step_end", step, run=SimpleNamespace(step=step))
    return group


def test_one_that_raises_is_reported_with_its_place_and_heard_no_more(caplog):
    bad, good = Counter(raises_at=2), Counter()
    with caplog.at_level(logging.WARNING, logger="bczoo"):
        group = told(good, bad)
    assert (bad.heard, good.heard) == (2, 4)
    (warning,) = caplog.messages
    assert warning.startswith("observer 1 raised in bczoo_step_end after step 2: ValueError: no such (")
    assert "test_observers.py:" in warning
    assert warning.endswith("it is not heard again in this run, and training goes on")
    assert len(group.lost) == 1


@pytest.mark.parametrize(("kind", "strict"), [(Counter, True), (Essential, False)])
def test_strict_specs_and_essential_callbacks_end_the_run(kind, strict):
    with pytest.raises(BczooError, match=r"^observer 0 raised in bczoo_step_end after step 3: ValueError: no such \("):
        told(kind(raises_at=3), strict=strict)


def test_a_sentence_of_the_callbacks_own_is_passed_on_as_it_is():
    with pytest.raises(BczooError, match=r"^the robot is gone$"):
        told(Essential(raises_at=1, error=BczooError("the robot is gone")))


def test_a_callback_that_cannot_start_ends_the_run():
    group = Observers(strict=False)
    group.add(SimpleNamespace(bczoo_fit_start=hookimpl(lambda run: 1 / 0)), "callback 'x'")
    with pytest.raises(BczooError, match=r"^callback 'x' raised in bczoo_fit_start after step 0: ZeroDivisionError"):
        group.tell("bczoo_fit_start", 0, run=None)


@pytest.mark.parametrize("hook", ["bczoo_validate_end", "bczoo_fit_end"])
def test_what_is_over_is_told_to_everyone_whoever_raises(hook):
    heard, group = [], Observers(strict=True)
    group.add(SimpleNamespace(**{hook: hookimpl(lambda: heard.append("others"))}), "others")
    for number in (2, 1):
        group.add(SimpleNamespace(**{hook: hookimpl(lambda: 1 / 0)}), f"broken {number}")
    with pytest.raises(BczooError, match=r"^broken 1 raised in .* ZeroDivisionError"):
        group.tell(hook, 3, run=None)
    assert heard == ["others"]


def test_what_ends_the_process_is_not_held_back():
    with pytest.raises(KeyboardInterrupt):
        told(Counter(raises_at=1, error=KeyboardInterrupt()))


def test_of_several_answers_the_last_comers_counts_and_one_that_raises_is_passed_over():
    group = Observers(strict=False)
    for name, answer in (("a", lambda: "first"), ("b", lambda: "second"), ("c", lambda: None), ("d", lambda: 1 / 0)):
        group.add(SimpleNamespace(bczoo_optimizer=hookimpl(answer)), name)
    assert group.first("bczoo_optimizer", 0, run=None, groups=[]) == "second"
    assert len(group.lost) == 1


def test_a_state_that_cannot_be_given_is_none_and_the_callback_struck_off():
    def fail():
        raise OSError("gone")

    callback = SimpleNamespace(state_dict=fail, bczoo_fit_end=hookimpl(lambda: None))
    group = told(callback, steps=0)
    assert group.state_of(callback, 5) is None
    assert "raised in state_dict after step 5: OSError: gone" in group.lost[0]
    assert group.state_of(callback, 6) is None
    assert len(group.lost) == 1


@pytest.mark.parametrize(
    ("observer", "reason"),
    [
        (SimpleNamespace(bczoo_step_edn=hookimpl(lambda run: None)), "unknown hook 'bczoo_step_edn'"),
        (SimpleNamespace(bczoo_step_end=hookimpl(lambda walk: None)), "{'walk'}"),
    ],
)
def test_a_misspelt_hook_is_named_with_its_observer(observer, reason):
    with pytest.raises(BczooError) as error:
        Observers(strict=False).add(observer, "callback 'x'")
    assert str(error.value).startswith("callback 'x'")
    assert reason in str(error.value)


@pytest.fixture
def installed(monkeypatch):
    """Have somebody's plugin in the zoo, with these hooks."""
    plugins = []

    def put(**hooks):
        plugin = SimpleNamespace(**{name: hookimpl(hook) for name, hook in hooks.items()})
        zoo().add(plugin, "theirs", "bczoo-theirs", "1.2")
        plugins.append(plugin)

    yield put
    for plugin in plugins:
        zoo().manager.unregister(plugin)


def test_training_ends_as_if_a_plugin_that_raises_had_never_been_there(folder, runs, installed, caplog):
    def fail(run):
        raise RuntimeError("not in the mood")

    spec = toy_spec(folder)
    train(spec, run="alone", show=False)
    heard = []
    installed(bczoo_fit_start=fail, bczoo_epoch_end=lambda run: heard.append(run.epoch))
    with caplog.at_level(logging.WARNING, logger="bczoo"):
        train(spec, run="beside", show=False)
    weights = [load_policy(runs / name / "policy.safetensors").state_dict() for name in ("alone", "beside")]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert not heard
    assert "plugin 'theirs' (bczoo-theirs 1.2) raised in bczoo_fit_start after step 0: RuntimeError" in caplog.text
    assert "not heard to the end: plugin 'theirs'" in caplog.text


class Life:
    """Writes down how a run begins and ends; raises in one hook."""

    def __init__(self, raises_in):
        self.raises_in, self.heard = raises_in, []

    def note(self, hook, run):
        self.heard.append((hook, run.failed))
        if hook == self.raises_in:
            raise RuntimeError("not in the mood")

    @hookimpl
    def bczoo_fit_start(self, run):
        self.note("fit_start", run)

    @hookimpl
    def bczoo_validate_start(self, run):
        self.note("validate_start", run)

    @hookimpl
    def bczoo_validate_end(self, run):
        self.note("validate_end", run)

    @hookimpl
    def bczoo_fit_end(self, run):
        self.note("fit_end", run)


STARTED = [("fit_start", False), ("validate_start", False), ("validate_end", False)]


@pytest.mark.parametrize(
    ("raises_in", "heard"),
    [
        (None, [*STARTED, ("fit_end", False)]),
        ("fit_start", [("fit_start", False), ("fit_end", True)]),
        ("validate_start", [*STARTED, ("fit_end", True)]),
    ],
)
def test_whatever_was_started_is_ended_and_the_end_knows_how(folder, runs, overheard, raises_in, heard):
    spec = toy_spec(folder, train={"epochs": 1, "strict": True})
    with overheard(Life(raises_in)) as life, nullcontext() if raises_in is None else pytest.raises(BczooError):
        train(spec, run="r", show=False)
    assert life.heard == heard


def test_averages_never_stay_in_the_policy_when_validation_cannot_start(folder, runs, overheard):
    weights = {}

    def keep(run):
        weights["trained"] = [weight.detach().clone() for weight in run.policy.parameters()]
        weights["policy"] = list(run.policy.parameters())

    def averaged(run):
        assert not same(weights["policy"], weights["trained"])
        raise RuntimeError("not in the mood")

    observer = SimpleNamespace(bczoo_step_end=hookimpl(keep), bczoo_validate_start=hookimpl(averaged))
    spec = toy_spec(folder, train={"epochs": 1, "strict": True}, callbacks=[{"use": "ema", "decay": 0.9}])
    with overheard(observer), pytest.raises(BczooError, match=r"bczoo_validate_start .* RuntimeError: not in the mood"):
        train(spec, run="r", show=False)
    assert same(weights["policy"], weights["trained"])


def same(one, two):
    return all(map(torch.equal, one, two))


def test_a_plugin_may_choose_the_optimiser(folder, runs, installed):
    installed(bczoo_optimizer=lambda run, groups: torch.optim.SGD(groups, lr=0.125))
    train(toy_spec(folder, train={"schedule": {"use": "constant"}}), run="sgd", show=False)
    assert {row["lr"] for row in read_metrics(runs / "sgd" / "metrics.jsonl")} == {0.125}
