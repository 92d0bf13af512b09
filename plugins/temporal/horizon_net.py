"""From one vector per sample to one per action of the chunk."""

import torch
from torch import Tensor, nn


def horizon_query(horizon: int, width: int) -> nn.Parameter | None:
    """A learned vector (H, D) per horizon step, which tells the head which action is asked for; None for H = 1."""
    return nn.Parameter(0.02 * torch.randn(horizon, width)) if horizon > 1 else None


def over_horizon(x_BD: Tensor, query_HD: nn.Parameter | None) -> Tensor:
    """The same vector for every horizon step, each marked with its query: x_BHD."""
    x_BHD = x_BD.unsqueeze(1)
    return x_BHD if query_HD is None else x_BHD + query_HD
