"""Regression losses: a function of each element's residual, weighted by how far the expert moves."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from bczoo.engine.parts import ActionForm, Loss, Prediction
from bczoo.plugins import losses


class Regression(Loss):
    """Mean over an action's elements, times 1 + w * |expert action| (seed, magnitude-weighted loss).

    The magnitude is that of the cartesian expert action, whatever form it is predicted in.
    """

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.magnitude_weight: float = options.magnitude_weight

    @abstractmethod
    def element(self, residual: Tensor) -> Tensor:
        """The loss of each residual."""

    def forward(self, prediction: Prediction, action_BHA: Tensor, form: ActionForm) -> Tensor:
        residual = form.residual(prediction.point_BHP, form.encode(action_BHA))
        loss_BH = self.element(residual).mean(-1)
        weight_BH: Tensor = 1.0 + self.magnitude_weight * torch.linalg.vector_norm(action_BHA, dim=-1)
        return loss_BH * weight_BH


class Huber(Regression):
    """Smooth L1 with the given `beta`."""

    def __init__(self, options: "losses.Huber") -> None:
        super().__init__(options)
        self.beta = options.beta

    def element(self, residual: Tensor) -> Tensor:
        return F.smooth_l1_loss(residual, torch.zeros_like(residual), reduction="none", beta=self.beta)


class L1(Regression):
    """Absolute error."""

    def element(self, residual: Tensor) -> Tensor:
        return residual.abs()


class Mse(Regression):
    """Squared error."""

    def element(self, residual: Tensor) -> Tensor:
        return residual.square()
