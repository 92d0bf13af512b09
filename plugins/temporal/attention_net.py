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

    def first(self, x_BLD: Tensor, padding_BL: Tensor | None = None) -> Tensor:
        """The first token x_BD of what `forward` gives, without computing the others' last layer."""
        last = len(self.layers) - 1
        for layer in self.layers[:last]:
            x_BLD = layer(x_BLD, src_key_padding_mask=padding_BL)
        return only_first(self.layers[last], x_BLD, padding_BL)


def only_first(layer: Any, x_BLD: Tensor, padding_BL: Tensor | None) -> Tensor:
    """What an nn.TransformerEncoderLayer with the layer norm last makes of the first token x_BD."""
    x_B1D = x_BLD[:, :1]
    seen_B1D = layer.self_attn(x_B1D, x_BLD, x_BLD, key_padding_mask=padding_BL, need_weights=False)[0]
    x_B1D = layer.norm1(x_B1D + layer.dropout1(seen_B1D))
    inner = layer.linear2(layer.dropout(layer.activation(layer.linear1(x_B1D))))
    x_BD: Tensor = layer.norm2(x_B1D + layer.dropout2(inner))[:, 0]
    return x_BD
