"""What a policy would cost, found without data and without memory: on torch's meta device."""

from collections.abc import Iterable
from typing import Any

import attrs
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from bczoo.engine.assembly import Row, probe
from bczoo.engine.parts import Batch
from bczoo.engine.policy import Policy
from bczoo.engine.promises import built, ran
from bczoo.engine.rehearsal import SAMPLES, rehearse
from bczoo.errors import BczooError
from bczoo.shapes import Action, Obs
from bczoo.spec import Spec

# Where each part of the table lives in a policy.
MODULES = {"backbone": "backbone", "temporal": "temporal", "head": "head", "action": "form"}


@attrs.frozen(kw_only=True)
class Part:
    """One part: its row of shapes, what of it is not trained, and its work for one sample of T frames."""

    row: Row
    frozen: int
    multiply_adds: int


@attrs.frozen(kw_only=True)
class Memory:
    """Bytes that training holds at once, in float32: an estimate, without libraries and their workspaces.

    `activations` are the tensors kept for the backward pass; under bf16 autocast they take about half.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of them, in bytes."""
        return self.weights + self.gradients + self.optimizer + self.activations


@attrs.frozen(kw_only=True)
class Summary:
    """A policy's parts and the memory its training takes."""

    parts: tuple[Part, ...]
    memory: Memory

    @property
    def parameters(self) -> int:
        """Of all parts."""
        return sum(part.row.parameters for part in self.parts)

    @property
    def frozen(self) -> int:
        """Parameters that are not trained."""
        return sum(part.frozen for part in self.parts)

    @property
    def multiply_adds(self) -> int:
        """For one sample."""
        return sum(part.multiply_adds for part in self.parts)


def summarize(spec: Spec, obs: Obs, action: Action) -> Summary:
    """What the spec would build and what training it takes; raises BczooError where shapes do not fit."""
    rows = probe(spec.policy, obs, action)
    rehearse(spec.policy, spec.loss, obs, action)
    with torch.device("meta"):
        policy = Policy(spec.policy, obs, action).train()
        batch = _batch(obs, action, spec.policy.horizon)
        with FlopCounterMode(display=False) as counter:
            activations = _saved(policy, batch)
        counts = counter.get_flop_counts()
        memory = _memory(spec, policy, activations * -(-spec.train.batch_size // spec.train.accumulate) // SAMPLES)
    return Summary(parts=tuple(_part(row, policy, counts) for row in rows), memory=memory)


def _part(row: Row, policy: Policy, counts: Any) -> Part:
    name = MODULES[row.part]
    frozen = sum(p.numel() for p in getattr(policy, name).parameters() if not p.requires_grad)
    # A multiply-add is two of the operations that torch counts.
    work = sum(counts.get(f"Policy.{name}", {}).values()) // (2 * SAMPLES)
    return Part(row=row, frozen=frozen, multiply_adds=work)


def _batch(obs: Obs, action: Action, horizon: int) -> Batch:
    images = {name: torch.zeros((SAMPLES * obs.steps, *shape), dtype=torch.uint8) for name, shape in obs.images.items()}
    return Batch(
        images=images,
        state_BTS=torch.zeros(SAMPLES, obs.steps, obs.state),
        action_BHA=torch.zeros(SAMPLES, horizon, action.size),
        mask_BH=torch.ones(SAMPLES, horizon, dtype=torch.bool),
    )


def _saved(policy: Policy, batch: Batch) -> int:
    """Bytes that a forward pass keeps for the backward pass, beside the weights."""
    own = {_key(tensor) for tensor in (*policy.parameters(), *policy.buffers())}
    kept: dict[int, Tensor] = {}  # holding on to the tensors keeps their storages' addresses from being used again

    def pack(tensor: Tensor) -> Tensor:
        if _key(tensor) not in own:
            kept[_key(tensor)] = tensor
        return tensor

    try:
        with saved_tensors_hooks(pack, lambda tensor: tensor):
            policy(batch)
    except RuntimeError as error:
        raise BczooError(f"what the policy costs can only be seen in training, as it needs data: {error}") from error
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def _key(tensor: Tensor) -> int:
    key: int = tensor.untyped_storage()._cdata  # tensors on the meta device have no address
    return key


def _memory(spec: Spec, policy: Policy, activations: int) -> Memory:
    trainable = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    return Memory(
        weights=_bytes([*policy.parameters(), *policy.buffers()]),
        gradients=_bytes(trainable),
        optimizer=_optimizer_bytes(spec.train.optimizer, trainable),
        activations=activations,
    )


def _optimizer_bytes(options: Any, trainable: list[nn.Parameter]) -> int:
    """What the optimiser remembers after its first step."""
    if not trainable:
        return 0
    for parameter in trainable:
        parameter.grad = torch.zeros_like(parameter)
    try:
        return _remembered(options, trainable)
    except (BczooError, RuntimeError):  # it looks at values, of which there are none on the meta device
        return sum(_of_one(options, parameter) for parameter in trainable)


def _of_one(options: Any, parameter: nn.Parameter) -> int:
    """What it remembers of a single parameter, which takes little memory even if all of them would take much."""
    with torch.device("cpu"):
        real = nn.Parameter(torch.ones(parameter.shape, dtype=parameter.dtype))
        real.grad = torch.ones_like(real)
        return ran(options, lambda: _remembered(options, [real]))


def _remembered(options: Any, parameters: list[nn.Parameter]) -> int:
    optimizer = built(options, [{"params": parameters}])
    optimizer.step()
    return _bytes(value for state in optimizer.state.values() for value in state.values() if isinstance(value, Tensor))


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
