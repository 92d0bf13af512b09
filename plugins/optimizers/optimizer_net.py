"""Optimisers of torch.optim, found by their own names."""

from inspect import signature
from typing import Any

import attrs
import torch

from bczoo.card import card_of


def build(options: Any, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """The optimiser of that name over parameter groups as torch takes them, fused where it can be."""
    kind = getattr(torch.optim, card_of(options).name)
    devices = {parameter.device.type for group in groups for parameter in group["params"]}
    fused = {"fused": True} if "fused" in signature(kind).parameters and devices <= {"cpu", "cuda"} else {}
    optimizer: torch.optim.Optimizer = kind(groups, **fused, **attrs.asdict(options))
    return optimizer
