"""Weights and an optimiser's state by name, as whole tensors on the CPU, however many processes hold them.

Several processes leave this to torch.distributed.checkpoint. One has nothing to gather, and is spared the import, which
takes nearly as long as that of torch itself.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from bczoo.engine.policy import Policy
from bczoo.errors import BczooError

Optimizer = torch.optim.Optimizer


def weights_of(policy: Policy) -> dict[str, Tensor]:
    """The policy's weights and statistics; nothing in all but the first of several processes."""
    if not _several():
        return {name: value.cpu() for name, value in policy.state_dict().items()}
    from torch.distributed.checkpoint.state_dict import get_model_state_dict

    tensors: dict[str, Any] = get_model_state_dict(policy, options=_options(cpu_offload=True))
    return tensors


def optimizer_state_of(policy: Policy, optimizer: Optimizer) -> dict[str, Any]:
    """As the optimiser's state_dict, with names for numbers; nothing in all but the first of several processes."""
    if _several():
        from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

        return get_optimizer_state_dict(policy, optimizer, options=_options(cpu_offload=True))
    state, names = optimizer.state_dict(), _names(policy, optimizer)
    by_number = dict(zip(_in_order(state), _in_order({"param_groups": names}), strict=True))
    return {
        "state": {
            by_number[number]: {key: value.cpu() if isinstance(value, Tensor) else value for key, value in kept.items()}
            for number, kept in state["state"].items()
        },
        "param_groups": [group | named for group, named in zip(state["param_groups"], names, strict=True)],
    }


def put_weights(policy: Policy, kept: Mapping[str, Tensor]) -> None:
    """Put back what `weights_of` gave."""
    if not _several():
        policy.load_state_dict(kept)
        return
    from torch.distributed.checkpoint.state_dict import set_model_state_dict

    set_model_state_dict(policy, dict(kept), options=_options())


def put_optimizer_state(policy: Policy, optimizer: Optimizer, kept: dict[str, Any]) -> None:
    """Put back what `optimizer_state_of` gave, before the weights: with several processes torch makes a step for it."""
    if _several():
        from torch.distributed.checkpoint.state_dict import set_optimizer_state_dict

        set_optimizer_state_dict(policy, optimizer, kept, options=_options())
        return
    if [group["params"] for group in kept["param_groups"]] != [group["params"] for group in _names(policy, optimizer)]:
        raise BczooError("the saved optimiser learns other weights than this one; resume with the parts it began with")
    # It goes by the order of parameters, whatever they are called, and would take the tensors themselves.
    optimizer.load_state_dict(deepcopy(kept))


def _names(policy: Policy, optimizer: Optimizer) -> list[dict[str, list[str]]]:
    names = {parameter: name for name, parameter in policy.named_parameters()}
    return [{"params": [names[parameter] for parameter in group["params"]]} for group in optimizer.param_groups]


def _in_order(state: dict[str, Any]) -> list[Any]:
    return [parameter for group in state["param_groups"] for parameter in group["params"]]


def _several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def _options(cpu_offload: bool = False) -> Any:
    from torch.distributed.checkpoint.state_dict import StateDictOptions

    return StateDictOptions(full_state_dict=True, cpu_offload=cpu_offload)
