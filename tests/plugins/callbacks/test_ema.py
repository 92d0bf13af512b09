"""The average of the weights: its arithmetic, putting it into the policy and taking it out, and going on with it."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from bczoo.card import build
from bczoo.errors import BczooError
from bczoo.hooks import hookimpl
from bczoo.plugins.callbacks import Ema
from bczoo.registry import new_manager


def small_policy():
    torch.manual_seed(3)
    policy = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    policy[0].bias.requires_grad_(False)
    return policy


class Training:
    """Adam on data that follow from the step, watched by callbacks; `saved` is what `save` gave."""

    def __init__(self, *callbacks, saved=None, device="cpu"):
        self.run = SimpleNamespace(policy=small_policy().to(device), step=0)
        self.optimizer = torch.optim.Adam(self.run.policy.parameters(), lr=0.05)
        self.data = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)).to(device)
        if saved:
            self.run.step = saved[0]
            self.run.policy.load_state_dict(saved[1])
            self.optimizer.load_state_dict(saved[2])
        manager = new_manager()
        for callback in callbacks:
            manager.register(callback)
            manager.check_pending()
        self.tell = manager.hook
        self.tell.bczoo_fit_start(run=self.run)

    def save(self):
        return self.run.step, self.state(), copy.deepcopy(self.optimizer.state_dict())

    def step(self):
        policy = self.run.policy.train()
        policy(self.data * (1 + self.run.step % 5)).square().sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.run.step += 1
        self.tell.bczoo_step_end(run=self.run)

    def steps(self, count, every=None):
        for _ in range(count):
            self.step()
            if every and self.run.step % every == 0:
                self.validated()
        return self

    def validated(self):
        """The policy's state as it is while it is validated."""
        self.tell.bczoo_validate_start(run=self.run)
        seen = self.state()
        self.tell.bczoo_validate_end(run=self.run)
        return seen

    def state(self):
        return copy.deepcopy(self.run.policy.state_dict())


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(value, other[key]) for key, value in one.items())


@pytest.mark.parametrize(("decay", "warmup"), [(0.9, False), (0.9, True), (0.5, True), (0.0, False)])
def test_the_average_is_what_its_formula_says(decay, warmup):
    training = Training(build(Ema(decay=decay, warmup=warmup)))
    expected = {name: value.double() for name, value in training.run.policy.named_parameters()}
    for step in range(60):
        training.step()
        keep = min(decay, (1 + step) / (10 + step)) if warmup else decay
        for name, value in training.run.policy.named_parameters():
            expected[name] = keep * expected[name] + (1 - keep) * value.detach().double()
    seen = training.validated()
    for name, value in expected.items():
        torch.testing.assert_close(seen[name].double(), value, rtol=1e-5, atol=1e-6)


def test_warm_up_soon_forgets_the_initial_weights():
    distances = {}
    for warmup in (True, False):
        training = Training(build(Ema(decay=0.999, warmup=warmup))).steps(100)
        seen, now = training.validated(), training.state()
        distances[warmup] = (seen["2.weight"] - now["2.weight"]).norm()
    assert distances[True] < distances[False] / 5


def test_buffers_and_frozen_weights_are_the_policys_own():
    ema = build(Ema())
    training = Training(ema).steps(5)
    seen, now = training.validated(), training.state()
    for name in ("0.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"):
        assert torch.equal(seen[name], now[name])
    assert not torch.equal(seen["0.weight"], now["0.weight"])
    assert set(ema.state_dict()["averages"]) == {"0.weight", "1.weight", "1.bias", "2.weight", "2.bias"}


def test_training_is_bit_by_bit_what_it_is_without_an_average():
    plain, watched = Training(), Training(build(Ema(decay=0.9)))
    parameters = list(watched.run.policy.parameters())
    plain.steps(20, every=3)
    watched.steps(20, every=3)
    assert equal(plain.state(), watched.state())
    assert all(one is other for one, other in zip(parameters, watched.run.policy.parameters(), strict=True))
    assert not equal(watched.validated(), watched.state())


@pytest.mark.parametrize("interrupted", [0, 1, 7])
def test_a_resumed_average_is_bit_by_bit_the_same(interrupted):
    first, second = build(Ema(decay=0.9)), build(Ema(decay=0.9))
    whole = Training(first).steps(interrupted)
    saved, kept = whole.save(), copy.deepcopy(first.state_dict())
    whole.steps(9)
    second.load_state_dict(kept)
    resumed = Training(second, saved=saved)
    assert equal(second.state_dict()["averages"], kept["averages"])
    assert second.state_dict()["steps"] == interrupted
    resumed.steps(9)
    assert equal(resumed.state(), whole.state())
    assert equal(resumed.validated(), whole.validated())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda averages: averages.pop("2.bias"), r"2\.bias is not averaged in the saved state, but \(2,\) here"),
        (lambda averages: averages.update(x=torch.ones(3)), r"x is \(3,\) in the saved state, but not averaged here"),
        (lambda averages: averages.update({"2.bias": torch.ones(1)}), r"2\.bias is \(1,\) .* but \(2,\) here"),
    ],
)
def test_averages_of_another_policy_are_refused(change, said):
    Training(ema := build(Ema()))
    state = ema.state_dict()
    change(state["averages"])
    other = build(Ema())
    other.load_state_dict(state)
    with pytest.raises(BczooError, match=f"callback 'ema': {said}"):
        Training(other)


def test_other_callbacks_find_the_average_while_the_policy_is_validated():
    class Looker:
        def __init__(self):
            self.seen = []

        def look(self, run):
            self.seen.append(run.policy[2].weight.detach().clone())

        bczoo_validate_start = hookimpl(lambda self, run: self.look(run))
        bczoo_validate_end = hookimpl(lambda self, run: self.look(run))

    # The one registered last is called first, unless it says otherwise.
    before, after = Looker(), Looker()
    training = Training(before, build(Ema()), after).steps(3)
    average = training.validated()["2.weight"]
    assert all(torch.equal(seen, average) for looker in (before, after) for seen in looker.seen)
    assert len(before.seen) == len(after.seen) == 2


def test_an_end_without_a_start_changes_nothing():
    training = Training(build(Ema())).steps(3)
    before = training.state()
    training.tell.bczoo_validate_end(run=training.run)
    assert equal(training.state(), before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, which alone can be waited for")
def test_the_host_never_waits_for_the_device():
    training = Training(build(Ema()), device="cuda").steps(2)
    torch.cuda.set_sync_debug_mode("error")
    try:
        training.tell.bczoo_step_end(run=training.run)
        training.tell.bczoo_validate_start(run=training.run)
        training.tell.bczoo_validate_end(run=training.run)
    finally:
        torch.cuda.set_sync_debug_mode("default")
