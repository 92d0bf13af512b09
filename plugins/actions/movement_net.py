"""What forms share that write the first three dimensions as one movement in space."""

from abc import abstractmethod
from math import sqrt
from typing import Any, ClassVar, Final

import torch
from torch import Tensor

from bczoo.engine.parts import ActionForm
from bczoo.shapes import Action

# The longest movement there is: a corner of the box [-1, 1]^3.
LONGEST: Final = sqrt(3.0)


class Movement(ActionForm):
    """Rewrites [dx, dy, dz] as `width` numbers; further dimensions (a gripper) pass through as cartesian.

    Raises ValueError for actions of fewer than three dimensions.
    """

    width: ClassVar[int]

    def __init__(self, options: Any, action: Action) -> None:
        super().__init__(options, action)
        if action.size < 3:
            raise ValueError(
                f"it writes the first three dimensions as one movement, and this action has {action.size}; "
                "use the form 'cartesian'"
            )
        self.size = action.size - 3 + self.width

    @abstractmethod
    def encode_movement(self, xyz: Tensor) -> Tensor:
        """Write (..., 3) in [-1, 1] as (..., width)."""

    @abstractmethod
    def activate_movement(self, raw: Tensor) -> Tensor:
        """Map unbounded numbers (..., width) into the range of `encode_movement`."""

    @abstractmethod
    def decode_movement(self, code: Tensor) -> Tensor:
        """Read (..., width) as (..., 3), which may leave the box: the policy clamps actions once, at its end."""

    @abstractmethod
    def movement_residual(self, predicted: Tensor, target: Tensor) -> Tensor:
        """How far (..., width) is from (..., width), element by element."""

    def encode(self, action_A: Tensor) -> Tensor:
        return torch.cat([self.encode_movement(action_A[..., :3]), action_A[..., 3:]], dim=-1)

    def activate(self, raw_P: Tensor) -> Tensor:
        return torch.cat([self.activate_movement(raw_P[..., : self.width]), raw_P[..., self.width :].tanh()], dim=-1)

    def decode(self, code_P: Tensor) -> Tensor:
        return torch.cat([self.decode_movement(code_P[..., : self.width]), code_P[..., self.width :]], dim=-1)

    def residual(self, predicted_P: Tensor, target_P: Tensor) -> Tensor:
        movement = self.movement_residual(predicted_P[..., : self.width], target_P[..., : self.width])
        return torch.cat([movement, predicted_P[..., self.width :] - target_P[..., self.width :]], dim=-1)


def unit_interval(raw: Tensor) -> Tensor:
    """Unbounded numbers to [0, 1] by the seed's (tanh + 1) / 2."""
    return 0.5 * (raw.tanh() + 1.0)
