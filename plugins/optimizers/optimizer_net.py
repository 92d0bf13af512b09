"""Optimisers of torch.optim, found by their own names."""

from collections.abc import Iterable
from typing import Any

import attrs
import torch
from torch import nn

from bczoo.card import card_of


def build(options: Any, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser of that name over `parameters`, with its fused kernel where there is one."""
    kind = getattr(torch.optim, card_of(options).name)
    parameters = list(parameters)
    fused = all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
    optimizer: torch.optim.Optimizer = kind(parameters, fused=fused, **attrs.asdict(options))
    return optimizer
