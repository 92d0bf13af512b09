"""The seed's CNN, and three ways to pool what it sees."""

import torch
from torch import Tensor, nn

from bczoo.plugins import backbones
from bczoo.plugins.backbones.cameras_net import CameraBackbone, Encoder
from bczoo.shapes import Obs

CHANNELS = 64


class SpatialSoftmax(nn.Module):
    """Expected (x, y) of each channel's softmax over positions, in [-1, 1]: x_MCHW -> x_M(2C).

    Source: Levine et al., End-to-End Training of Deep Visuomotor Policies, 2016. It takes features before
    their last ReLU, which would give all positions it cuts off the same weight; a fixed temperature of 0.1
    spares the first epochs, in which fresh features are too small to point anywhere.
    """

    SHARPNESS = 10.0

    def forward(self, x_MCHW: Tensor) -> Tensor:
        height, width = x_MCHW.shape[-2:]
        # In float32: bf16 keeps 8 bits, too coarse for a position.
        weight = (self.SHARPNESS * x_MCHW.flatten(2).float()).softmax(-1).view(x_MCHW.shape)
        xs = torch.linspace(-1.0, 1.0, width, device=weight.device)
        ys = torch.linspace(-1.0, 1.0, height, device=weight.device)
        x_MC = (weight.sum(-2) * xs).sum(-1)
        y_MC = (weight.sum(-1) * ys).sum(-1)
        return torch.cat([x_MC, y_MC], dim=-1)


class CnnEncoder(Encoder):
    """84 -> 21 -> 11 -> 11 -> 11 with 32-64-64-64 channels, ReLU after each layer (seed, option A); one token."""

    def __init__(self, pool: str, shape: tuple[int, int, int]) -> None:
        """Build for images of `shape` (height, width, channels)."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(shape[2], 32, kernel_size=8, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, CHANNELS, kernel_size=4, stride=2, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(CHANNELS, CHANNELS, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(CHANNELS, CHANNELS, kernel_size=3, padding=1),
        )
        self.pool, self.width = _pooling(pool, *shape[:2])

    def tokens(self, height: int, width: int) -> int:
        return 1

    def forward(self, x_MCHW: Tensor) -> Tensor:
        x_MD: Tensor = self.pool(self.layers(x_MCHW))
        return x_MD.unsqueeze(1)


class Cnn(CameraBackbone):
    """The seed's CNN for one or several cameras."""

    def __init__(self, options: "backbones.Cnn", obs: Obs) -> None:
        shapes = list(obs.images.values())
        if options.pool == "flatten" and len(set(shapes)) > 1:
            raise ValueError('pool = "flatten" needs cameras of one size; use "avg" or "spatial_softmax"')
        super().__init__(options, obs, lambda: CnnEncoder(options.pool, shapes[0]))


def _pooling(pool: str, height: int, width: int) -> tuple[nn.Module, int]:
    if pool == "avg":
        return nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), CHANNELS
    if pool == "spatial_softmax":
        return SpatialSoftmax(), 2 * CHANNELS
    return nn.Sequential(nn.ReLU(), nn.Flatten()), CHANNELS * _side(height) * _side(width)


def _side(pixels: int) -> int:
    """Side of the feature map: two strided convolutions, then two that keep it."""
    first = (pixels + 2 * 2 - 8) // 4 + 1
    return (first + 2 * 2 - 4) // 2 + 1
