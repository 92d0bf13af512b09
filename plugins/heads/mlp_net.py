"""A multilayer perceptron over each context vector."""

from itertools import pairwise
from typing import Final

from torch import Tensor, nn

from bczoo.engine.parts import ActionForm, Head, Prediction
from bczoo.plugins import heads
from bczoo.shapes import Context

ACTIVATIONS: Final[dict[str, type[nn.Module]]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}


class Mlp(Head):
    """Linear, activation and dropout per hidden layer, then Linear to the action form (seed, step 4).

    The seed's closing tanh belongs to the action form, which knows the range it needs.
    """

    def __init__(self, options: "heads.Mlp", context: Context, form: ActionForm) -> None:
        super().__init__(options, context, form)
        widths = (context.width, *options.hidden)
        layers: list[nn.Module] = []
        for inner, outer in pairwise(widths):
            layers += [
                nn.Linear(inner, outer),
                ACTIVATIONS[options.activation](),
                nn.Dropout(options.dropout),
            ]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], form.size))
        self.activate = form.activate  # the bound method: the form itself belongs to the policy

    def forward(self, x_BHD: Tensor) -> Prediction:
        return Prediction(point_BHP=self.activate(self.layers(x_BHD).float()))
