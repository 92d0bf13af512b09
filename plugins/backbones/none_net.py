"""No backbone: the policy sees no image."""

from typing import Any, ClassVar

from torch import Tensor

from bczoo.engine.parts import Backbone
from bczoo.shapes import Features, Obs


class NoBackbone(Backbone):
    """Zero tokens a step; the temporal module works on the state (seed, "optional proprioceptive state")."""

    sees: ClassVar[bool] = False

    def __init__(self, options: Any, obs: Obs) -> None:
        super().__init__(options, obs)
        self.features = Features(steps=obs.steps, tokens=0, width=0)

    def forward(self, images: dict[str, Tensor]) -> Tensor:
        raise RuntimeError("this backbone sees nothing, so it is never called")
