"""Dropout for the CPU, where torch's own spends most of its time on drawing: a tenth of a training step of ACT."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEVELS = 1 << 16  # a probability is kept to 16 bits, so that one draw of 64 bits decides about four elements


class Dropout(nn.Dropout):
    """torch's dropout; on the CPU, masks come from a generator that torch's own seeds anew for each of them."""

    def forward(self, input: Tensor) -> Tensor:
        drawn = input.device.type == "cpu" and self.training and 0.0 < self.p < 1.0
        if not drawn or torch.compiler.is_compiling():
            return F.dropout(input, self.p, self.training)
        return input * scaled_mask(input.shape, self.p, input.dtype)


def scaled_mask(shape: torch.Size, p: float, dtype: torch.dtype) -> Tensor:
    """0 with probability `p`, else 1 / (1 - p), drawn for each element by itself."""
    count = shape.numel()
    seed = int(torch.randint(2**63 - 1, ()))
    draws = np.random.SFC64(seed).random_raw(-(-count // 4)).view(np.uint16)[:count]
    kept = torch.from_numpy(draws >= round(p * LEVELS)).view(shape)
    return kept.to(dtype).mul_(1.0 / (1.0 - p))


def with_light_dropout(layer: nn.Module) -> nn.Module:
    """`layer` with this dropout wherever it has torch's."""
    for name, child in layer.named_children():
        if type(child) is nn.Dropout:
            setattr(layer, name, Dropout(child.p))
    return layer
