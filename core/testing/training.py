"""The contracts of optimisers, schedules and callbacks."""

import math
from typing import Any

import pluggy
import torch
from torch import nn

from bczoo.engine.parts import Schedule
from bczoo.engine.tree import pack, unpack
from bczoo.registry import new_manager
from bczoo.testing.subject import Subject

STEPS = 20
RATE = 0.0123


def check_optimizer(subject: Subject) -> None:
    """Built over groups of parameters, trains all of them at their own rates, and lowers a simple objective."""
    weights = [nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2, 2))]
    with subject.doing("building over two groups, one with a learning rate of its own"):
        optimizer = subject.build([{"params": weights[:1]}, {"params": weights[1:], "lr": RATE}])
    subject.demand(isinstance(optimizer, torch.optim.Optimizer), "is no torch.optim.Optimizer")
    held = {id(value) for group in optimizer.param_groups for value in group["params"]}
    subject.demand(held == set(map(id, weights)), "does not hold every parameter it was given")
    subject.demand(optimizer.param_groups[-1]["lr"] == RATE, "does not keep a group's own learning rate")
    with subject.doing("stepping"):
        before = _objective(weights).item()
        for _ in range(STEPS):
            optimizer.zero_grad()
            _objective(weights).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        after = _objective(weights).item()
    subject.demand(after < before, f"{STEPS} steps on a sum of squares do not lower it")


def _objective(weights: list[nn.Parameter]) -> torch.Tensor:
    return torch.stack([weight.square().sum() for weight in weights]).sum()


def check_schedule(subject: Subject) -> None:
    """Keeps the rate finite and not negative through any number of steps, and goes on as it was when it is resumed."""
    for steps in (1, 4, 50):
        optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
        with subject.doing(f"a plan of {steps} steps"):
            schedule = subject.build(optimizer, steps)
            subject.demand(isinstance(schedule, Schedule), "is no subclass of bczoo.engine.parts.Schedule")
            _check_rate(subject, optimizer)
            for step in range(steps + 3):
                optimizer.step()
                schedule.step_end()
                _check_rate(subject, optimizer)
                if step % 5 == 0:
                    schedule.epoch_end(1.0)
                    _check_rate(subject, optimizer)

    with subject.doing("being resumed half-way"):
        whole, cut = _Rates(subject), _Rates(subject)
        expected = whole.after(STEPS)
        seen = cut.after(STEPS // 2)
        seen += cut.resumed().after(STEPS - STEPS // 2)
    told = "gives other rates after state_dict() and load_state_dict(), so a resumed run would differ"
    subject.demand(seen == expected, told)


class _Rates:
    """A schedule at work, and the rates it sets; its epochs have five steps, and no progress after the first."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
        self.schedule = subject.build(self.optimizer, STEPS)
        self.steps = 0

    def after(self, steps: int) -> list[float]:
        rates = []
        for _ in range(steps):
            self.steps += 1
            self.optimizer.step()
            self.schedule.step_end()
            if self.steps % 5 == 0:
                self.schedule.epoch_end(1.0)
            rates.append(float(self.optimizer.param_groups[0]["lr"]))
        return rates

    def resumed(self) -> "_Rates":
        """Another one, built anew and given this one's state as a file would hold it."""
        other = _Rates(self.subject)
        other.optimizer.load_state_dict(self.optimizer.state_dict())
        other.schedule.load_state_dict(unpack(*pack(self.schedule.state_dict())))
        other.steps = self.steps
        return other


def _check_rate(subject: Subject, optimizer: Any) -> None:
    rate = float(optimizer.param_groups[0]["lr"])
    subject.demand(math.isfinite(rate) and rate >= 0, f"sets the learning rate to {rate}")


def check_callback(subject: Subject) -> None:
    """Every hook it answers exists and knows the arguments it asks for; it answers one; its state survives a file."""
    manager = new_manager()
    with subject.doing("building"):
        callback = subject.build()
    with subject.doing("listening"):
        try:
            manager.register(callback)
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            subject.demand(False, f"answers what nobody asks: {' '.join(str(error).split())}")
    if hasattr(callback, "state_dict") or hasattr(callback, "load_state_dict"):
        with subject.doing("being saved and resumed"):
            callback.load_state_dict(unpack(*pack(callback.state_dict())))
    callers = manager.get_hookcallers(callback) or []
    subject.demand(bool(callers), "answers no hook of bczoo.hooks; mark its methods with @hookimpl")
