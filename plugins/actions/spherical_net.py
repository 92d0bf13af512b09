"""Movements in spherical coordinates."""

from math import pi
from typing import TYPE_CHECKING, ClassVar, Final

import torch
from torch import Tensor

from bczoo.plugins.actions.movement_net import LONGEST, Movement, unit_interval
from bczoo.shapes import Action

if TYPE_CHECKING:
    from bczoo.plugins import actions

SHORTEST: Final = 1e-4  # the seed's clamp: a movement of length zero has no angles


class Spherical(Movement):
    """(magnitude, theta, phi): theta in [0, pi] from the z axis, phi in [-pi, pi] in the xy plane.

    From the seed's section on coordinate system options; its own formulas are the options
    `magnitude = "sigmoid_tanh"`, `wrap = false`, `metric = "plain"`. phi jumps at +-pi and means nothing at
    the poles, which no option can cure: the form `direction` is the same idea without these places.
    """

    width: ClassVar[int] = 3

    def __init__(self, options: "actions.Spherical", action: Action) -> None:
        super().__init__(options, action)
        self.options = options

    def encode_movement(self, xyz: Tensor) -> Tensor:
        x, y, z = xyz.unbind(-1)
        magnitude = torch.linalg.vector_norm(xyz, dim=-1).clamp_min(SHORTEST)
        # atan2 rather than the arc cosine of z / magnitude, which loses half of float32's digits near the poles.
        return torch.stack([magnitude, torch.atan2(torch.hypot(x, y), z), torch.atan2(y, x)], dim=-1)

    def activate_movement(self, raw: Tensor) -> Tensor:
        length, polar, azimuth = raw.unbind(-1)
        whole = self.options.magnitude == "range"
        magnitude = LONGEST * unit_interval(length) if whole else length.tanh().sigmoid()
        return torch.stack([magnitude, pi * unit_interval(polar), pi * azimuth.tanh()], dim=-1)

    def decode_movement(self, code: Tensor) -> Tensor:
        magnitude, theta, phi = code.unbind(-1)
        across = magnitude * theta.sin()
        return torch.stack([across * phi.cos(), across * phi.sin(), magnitude * theta.cos()], dim=-1)

    def movement_residual(self, predicted: Tensor, target: Tensor) -> Tensor:
        length, polar, azimuth = (predicted - target).unbind(-1)
        if self.options.wrap:
            azimuth = azimuth - 2 * pi * (azimuth / (2 * pi)).round()
        if self.options.metric == "arc":
            magnitude, theta, _ = target.unbind(-1)
            polar, azimuth = magnitude * polar, magnitude * theta.sin() * azimuth
        return torch.stack([length, polar, azimuth], dim=-1)
