"""What the transformers share: positions in time, and stacks of encoder layers."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from bczoo.plugins.temporal.dropout_net import with_light_dropout


def sinusoid(length: int, width: int) -> Tensor:
    """Positional encoding (length, width) of Vaswani et al. 2017.

    Place t has sin(t / 10000^(2i / width)) in column 2i and the cosine of the same in column 2i + 1.
    """
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    angle = torch.arange(length).unsqueeze(1) * rate
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :width]


class EncoderStack(nn.Module):
    """Self-attention layers over x_BLD; each is initialised for itself, where nn.TransformerEncoder copies one."""

    def __init__(self, layers: int, d_model: int, heads: int, **settings: Any) -> None:
        """`settings` as for nn.TransformerEncoderLayer."""
        super().__init__()
        self.layers = nn.ModuleList(
            with_light_dropout(nn.TransformerEncoderLayer(d_model, heads, batch_first=True, **settings))
            for _ in range(layers)
        )

    def forward(
        self, x_BLD: Tensor, mask_LL: Tensor | None = None, padding_BL: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """Masks are True where nothing may be seen; `causal` says that `mask_LL` hides just the future."""
        for layer in self.layers:
            x_BLD = layer(x_BLD, src_mask=mask_LL, src_key_padding_mask=padding_BL, is_causal=causal)
        return x_BLD
