"""Movements as a length and a unit vector."""

from typing import ClassVar, Final

import torch
from torch import Tensor
from torch.nn import functional as F

from bczoo.plugins.actions.movement_net import LONGEST, Movement, unit_interval

# Under this length an output stops being stretched to a unit vector, so that gradients stay below 1 / SMALL.
SMALL: Final = 1e-3


class Direction(Movement):
    """(magnitude, ux, uy, uz): how far, and where to.

    The seed's reason for spherical coordinates, that length and direction be learned apart, in coordinates
    that are continuous everywhere. The residual is (dm, m*(u - u*)) with the target's m, all of it in units of
    the action; a target of length zero asks for no direction at all.
    """

    width: ClassVar[int] = 4

    def encode_movement(self, xyz: Tensor) -> Tensor:
        magnitude = torch.linalg.vector_norm(xyz, dim=-1, keepdim=True)
        return torch.cat([magnitude, F.normalize(xyz, dim=-1)], dim=-1)

    def activate_movement(self, raw: Tensor) -> Tensor:
        vector = raw[..., 1:]
        length = (vector.square().sum(-1, keepdim=True) + SMALL**2).sqrt()
        return torch.cat([LONGEST * unit_interval(raw[..., :1]), vector / length], dim=-1)

    def decode_movement(self, code: Tensor) -> Tensor:
        return code[..., :1] * code[..., 1:]

    def movement_residual(self, predicted: Tensor, target: Tensor) -> Tensor:
        difference = predicted - target
        return torch.cat([difference[..., :1], target[..., :1] * difference[..., 1:]], dim=-1)
