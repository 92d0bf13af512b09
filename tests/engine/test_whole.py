"""One process names weights and optimiser states as torch.distributed.checkpoint does, without its import."""

import subprocess
import sys

import pytest
import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
)

from bczoo.engine.whole import optimizer_state_of, put_optimizer_state, put_weights, weights_of
from bczoo.errors import BczooError

WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)
OPTIMIZERS = {
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.1),
    "amsgrad": lambda groups: torch.optim.AdamW(groups, lr=0.1, amsgrad=True),
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1),
    "momentum": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9),
}


def learner(make):
    """A module with a frozen weight and two groups, in another order than its weights, after two steps."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    module[0].bias.requires_grad_(False)
    optimizer = make([{"params": list(module[2].parameters()), "lr": 0.01}, {"params": [module[0].weight]}])
    for _ in range(2):
        module(torch.randn(5, 3)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    return module, optimizer


def equal(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    return one == other


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_both_say_the_same(name):
    module, optimizer = learner(OPTIMIZERS[name])
    assert equal(weights_of(module), dict(get_model_state_dict(module, options=WHOLE)))
    found, wanted = optimizer_state_of(module, optimizer), get_optimizer_state_dict(module, optimizer, options=WHOLE)
    assert found["state"].keys() == wanted["state"].keys()
    assert all(equal(found["state"][key], wanted["state"][key]) for key in wanted["state"])
    assert found["param_groups"] == wanted["param_groups"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_is_put_back_goes_on_as_if_nothing_had_been(name):
    module, optimizer = learner(OPTIMIZERS[name])
    fresh, fresh_optimizer = learner(OPTIMIZERS[name])
    module(torch.ones(5, 3)).sum().backward()
    optimizer.step()
    put_optimizer_state(fresh, fresh_optimizer, optimizer_state_of(module, optimizer))
    put_weights(fresh, weights_of(module))
    for each, its in ((module, optimizer), (fresh, fresh_optimizer)):
        its.zero_grad()
        each(torch.full((5, 3), 2.0)).square().sum().backward()
        its.step()
    assert equal(weights_of(module), weights_of(fresh))


def test_an_optimiser_of_other_weights_is_refused():
    module, optimizer = learner(OPTIMIZERS["adam"])
    kept = optimizer_state_of(module, optimizer)
    kept["param_groups"].reverse()
    with pytest.raises(BczooError, match="the saved optimiser learns other weights"):
        put_optimizer_state(module, optimizer, kept)


def test_who_trains_alone_does_not_import_what_several_processes_need():
    program = "import sys, bczoo.engine.experiment; print('torch.distributed.tensor' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said == "False\n"
