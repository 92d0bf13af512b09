"""Actions as they are."""

from typing import Any

from torch import Tensor

from bczoo.engine.parts import ActionForm
from bczoo.shapes import Action


class Cartesian(ActionForm):
    """[dx, dy, dz, ...] in [-1, 1] through tanh, compared directly (seed, coordinate system options)."""

    def __init__(self, options: Any, action: Action) -> None:
        super().__init__(options, action)
        self.size = action.size

    def encode(self, action_A: Tensor) -> Tensor:
        return action_A

    def activate(self, raw_P: Tensor) -> Tensor:
        return raw_P.tanh()

    def decode(self, code_P: Tensor) -> Tensor:
        return code_P

    def residual(self, predicted_P: Tensor, target_P: Tensor) -> Tensor:
        return predicted_P - target_P
