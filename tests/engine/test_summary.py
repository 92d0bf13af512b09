"""What a policy costs: multiply-adds by hand, memory against what torch really takes."""

import attrs
import author_parts
import pytest
import torch

from bczoo.engine.assembly import observe
from bczoo.engine.env import describe_env
from bczoo.engine.policy import Policy
from bczoo.engine.summary import summarize
from bczoo.errors import BczooError
from bczoo.specfile import load_spec

# Recipe bc_cnn on one 84x84 image: output places x output channels x inputs of each, layer by layer.
CNN = 21 * 21 * 32 * (3 * 64) + 11 * 11 * 64 * (32 * 16) + 2 * 11 * 11 * 64 * (64 * 9)
HEAD = 131 * 512 + 512 * 512 + 512 * 3


def spec_and_shapes(*overrides):
    spec = load_spec("bc_cnn", overrides)
    spaces = describe_env(spec.env)
    return spec, observe(spec.policy, spaces), spaces.action


def summary(*overrides):
    return summarize(*spec_and_shapes(*overrides))


def test_multiply_adds_are_those_one_counts_by_hand():
    parts = {part.row.part: part.multiply_adds for part in summary().parts}
    assert parts == {"backbone": CNN, "temporal": 0, "head": HEAD, "action": 0}


def test_every_observed_step_is_encoded_once():
    one, four = summary(), summary("policy.steps=4")
    assert four.parts[0].multiply_adds == 4 * one.parts[0].multiply_adds
    assert four.parts[0].row.parameters == one.parts[0].row.parameters


def test_weights_gradients_and_the_optimisers_state_are_what_a_real_policy_has():
    spec, obs, action = spec_and_shapes()
    memory, count = (
        summarize(spec, obs, action).memory,
        sum(p.numel() for p in Policy(spec.policy, obs, action).parameters()),
    )
    assert memory.gradients == 4 * count
    assert memory.weights == pytest.approx(4 * count, rel=1e-3)  # and a few buffers
    assert memory.optimizer == pytest.approx(8 * count, rel=1e-3)  # Adam keeps two numbers a weight, and steps
    assert summary("train.optimizer.use=SGD").memory.optimizer == pytest.approx(4 * count, rel=1e-3)


class Looks(torch.optim.Adam):
    """Asks for a value at every step, which there is none of on the meta device."""

    def __init__(self, options, groups):
        super().__init__(groups, lr=1e-3)

    def step(self, closure=None):
        assert sum(p.grad.norm().item() for group in self.param_groups for p in group["params"]) > 0
        return super().step(closure)


def test_an_optimiser_that_looks_at_values_is_asked_parameter_by_parameter():
    spec, obs, action = spec_and_shapes()
    looks = author_parts.options("optimizer", Looks)()
    looking = attrs.evolve(spec, train=attrs.evolve(spec.train, optimizer=looks))
    assert summarize(looking, obs, action).memory == summarize(spec, obs, action).memory


class Never(Looks):
    def step(self, closure=None):
        raise RuntimeError("not today")


def test_one_that_cannot_make_a_step_is_named():
    spec, obs, action = spec_and_shapes()
    never = author_parts.options("optimizer", Never)()
    with pytest.raises(BczooError, match="optimizer 'never' does not take what it is given: not today"):
        summarize(attrs.evolve(spec, train=attrs.evolve(spec.train, optimizer=never)), obs, action)


def test_activations_are_what_torch_keeps_and_grow_with_the_batch():
    small, large = summary("train.batch_size=2").memory, summary("train.batch_size=256").memory
    assert large.activations == 128 * small.activations
    assert large.total == large.weights + large.gradients + large.optimizer + large.activations
    # The input of each layer, at least, is needed by its backward pass.
    inputs = 3 * 84 * 84 + 32 * 21 * 21 + 3 * 64 * 11 * 11 + 131 + 2 * 512
    assert 4 * 2 * inputs <= small.activations <= 2 * 4 * 2 * inputs


def test_what_is_frozen_is_not_trained():
    free, frozen = (summary("policy.backbone.use=resnet18", f"policy.backbone.freeze={v}") for v in ("false", "true"))
    backbone = frozen.parts[0]
    assert (free.frozen, frozen.frozen) == (0, backbone.row.parameters)
    assert frozen.memory.gradients == 4 * (frozen.parameters - frozen.frozen)
    assert frozen.memory.activations < free.memory.activations / 10


def test_it_takes_no_memory_itself():
    assert summary("policy.backbone.use=vit_b16", "train.batch_size=100000").memory.total > 1e11
    assert torch.get_default_device().type == "cpu"


@pytest.mark.parametrize(
    ("number", "count", "size"),
    [
        (0, "0", "0 B"),
        (999, "999", "999 B"),
        (999.6, "1 k", "1 kB"),
        (1_234_567, "1.23 M", "1.23 MB"),
        (5e15, "5e+03 T", "5e+03 TB"),
    ],
)
def test_numbers_are_for_people(number, count, size):
    from bczoo.cli import check

    assert (check.count(number), check.size(number)) == (count, size)


def test_the_table_says_what_is_frozen_and_what_training_takes(call_cli):
    done = call_cli(
        "check", "--spec", "bc_cnn", "--set", "policy.backbone.use=resnet18", "--set", "policy.backbone.freeze=true"
    )
    header, backbone = (done.stdout.splitlines()[row].split() for row in (0, 1))
    assert header[-3:] == ["multiply-adds", "frozen", "parameters"]
    assert backbone[-2:] == ["11,176,512", "11,176,512"]
    assert "memory to train, estimated for float32: " in done.stdout
    assert "activations at batch size 128" in done.stdout
