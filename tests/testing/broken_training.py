"""Losses, optimisers, schedules and callbacks that break exactly one promise; `Squared` and `Counting` break none."""

from collections import deque

import torch

from bczoo.engine.parts import Loss, Schedule
from bczoo.hooks import hookimpl


class Squared(Loss):
    def __init__(self, options):
        super().__init__(options)

    def forward(self, prediction, action_BHA, form):
        return form.residual(prediction.point_BHP, form.encode(action_BHA)).square().mean(-1)


class Averaged(Squared):
    def forward(self, prediction, action_BHA, form):
        return super().forward(prediction, action_BHA, form).mean()


class Learned(Squared):
    def __init__(self, options):
        super().__init__(options)
        self.log_scale = torch.nn.Parameter(torch.zeros(()))

    def forward(self, prediction, action_BHA, form):
        return super().forward(prediction, action_BHA, form) * (-self.log_scale).exp() + self.log_scale


class Chunked(Squared):
    def forward(self, prediction, action_BHA, form):
        loss_BH = super().forward(prediction, action_BHA, form)
        return loss_BH.mean(1, keepdim=True).expand_as(loss_BH)


class Pooled(Squared):
    def forward(self, prediction, action_BHA, form):
        loss_BH = super().forward(prediction, action_BHA, form)
        return loss_BH + loss_BH.mean(0)


class Backwards(Squared):
    def forward(self, prediction, action_BHA, form):
        return -super().forward(prediction, action_BHA, form)


class Unsaid(Squared):
    accepts = "point"


class Still(torch.optim.SGD):
    def __init__(self, options, groups):
        super().__init__(groups, lr=0.0)

    def step(self, closure=None):
        pass


class Partial(torch.optim.SGD):
    def __init__(self, options, groups):
        super().__init__(groups[:1], lr=0.1)


class Wild(Schedule):
    def __init__(self, options, optimizer, steps):
        self.optimizer, self.left = optimizer, steps

    def step_end(self):
        self.left -= 1
        self.optimizer.param_groups[0]["lr"] = 0.1 * self.left


class Counting(Schedule):
    """Keeps every promise, as lists and dicts are saved by the interface itself."""

    def __init__(self, options, optimizer, steps):
        self.optimizer, self.past = optimizer, self.nothing()

    def nothing(self):
        return {"steps": []}

    def step_end(self):
        self.past["steps"].append(None)
        self.optimizer.param_groups[0]["lr"] = 0.1 / len(self.past["steps"])


class Forgetful(Counting):
    def nothing(self):
        return {"steps": deque()}  # of a kind that is not saved by itself


class Unsavable:
    def __init__(self, options):
        pass

    @hookimpl
    def bczoo_step_end(self, run):
        pass

    def state_dict(self):
        return {"seen": {1, 2}}

    def load_state_dict(self, state):
        pass


class Misspelt:
    def __init__(self, options):
        pass

    @hookimpl
    def bczoo_epoch_ends(self, run):
        pass


class Curious:
    def __init__(self, options):
        pass

    @hookimpl
    def bczoo_epoch_end(self, run, weather):
        pass


class Deaf:
    def __init__(self, options):
        pass
