"""What backbones of images share: one encoder for all cameras or one for each, frozen or not."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import cycle
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bczoo.engine.parts import Backbone
from bczoo.shapes import Features, Obs


class Encoder(nn.Module, ABC):
    """Turns the frames of one camera into tokens, normalised x_MCHW into x_MND; `width` is D."""

    width: int

    @abstractmethod
    def tokens(self, height: int, width: int) -> int:
        """Tokens (N) of an image of this many pixels; raises ValueError for a size it cannot take."""


class CameraBackbone(Backbone):
    """The tokens of all cameras, one camera after the other."""

    def __init__(
        self,
        options: Any,
        obs: Obs,
        make: Callable[[], Encoder],
        *,
        freeze: bool = False,
    ) -> None:
        """Build `options.cameras` ("shared" or "separate") many encoders with `make`."""
        super().__init__(options, obs)
        shapes = list(obs.images.values())
        encoders = [make() for _ in (shapes if options.cameras == "separate" else shapes[:1])]
        self.encoders = nn.ModuleList(encoders)
        tokens = sum(encoders[0].tokens(height, width) for height, width, _ in shapes)
        self.features = Features(steps=obs.steps, tokens=tokens, width=encoders[0].width)
        self.frozen = freeze
        if freeze:
            self.encoders.requires_grad_(False)

    def forward(self, images: dict[str, Tensor]) -> Tensor:
        seen = zip(cycle(self.encoders), images.values(), strict=False)
        return torch.cat([encoder(image) for encoder, image in seen], dim=1)

    def train(self, mode: bool = True) -> "CameraBackbone":
        """Frozen encoders stay in eval mode: a running statistic that moves is a weight that moves."""
        super().train(mode)
        if self.frozen:
            self.encoders.eval()
        return self


def resize(x_MCHW: Tensor, height: int, width: int) -> Tensor:
    """Images of another size, whatever their proportions; not touched when they have it."""
    if x_MCHW.shape[-2:] == (height, width):
        return x_MCHW
    return F.interpolate(x_MCHW, size=(height, width), mode="bilinear", antialias=True)


def map_tokens(x_MDHW: Tensor) -> Tensor:
    """A feature map as tokens, row by row: x_MND."""
    return x_MDHW.flatten(2).transpose(1, 2)
