"""Parts with the mistakes that their authors make most often, and a head that says more than a point."""

import attrs
import torch
from torch import nn

from bczoo.card import component
from bczoo.engine.parts import ActionForm, Backbone, Head, Loss, Prediction, Temporal, TemporalOutput
from bczoo.shapes import Context, Features


def options(kind, implementation):
    """The options of a part without any, under the name of its class."""
    empty = type(implementation.__name__, (), {"__doc__": "A part to test with.", "__module__": __name__})
    name = implementation.__name__
    return component(kind, name.lower(), f"{implementation.__module__}:{name}")(empty)


class Colour(Backbone):
    """Right: the mean colour of the front camera."""

    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.features = Features(steps=obs.steps, tokens=1, width=3)

    def forward(self, images):
        return images["front"].mean((-2, -1)).unsqueeze(1)


class Forgets(Colour):
    def __init__(self, options, obs):
        super().__init__(options, obs)
        del self.features


class Listing(Colour):
    def forward(self, images):
        return [super().forward(images)]


class OneStep(Colour):
    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.features = Features(steps=1, tokens=1, width=3)


class Hasty(Colour):
    def __init__(self, options, obs):
        self.layer = nn.Linear(3, 3)  # before super().__init__
        super().__init__(options, obs)


class Guess(Colour):
    def forward(self, images):
        return super().forward({"front": images["wrist"]})


class Last(Temporal):
    """Right: the last frame."""

    def __init__(self, options, features, state, horizon, action):
        super().__init__(options, features, state, horizon, action)
        self.context = Context(horizon=horizon, width=features.tokens * features.width)
        self.horizon = horizon

    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        x_BHD = x_BTND[:, -1].flatten(1).unsqueeze(1).expand(-1, self.horizon, -1)
        return TemporalOutput(x_BHD=x_BHD)


class Contextless(Last):
    def __init__(self, *given):
        super().__init__(*given)
        del self.context


class Short(Last):
    def __init__(self, options, features, state, horizon, action):
        super().__init__(options, features, state, horizon, action)
        self.context = Context(horizon=1, width=features.width)


class Bare(Last):
    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        return super().forward(x_BTND, state_BTS).x_BHD


class Fining(Last):
    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        output = super().forward(x_BTND, state_BTS)
        penalties = {} if demo_BHA is None else {"kl": output.x_BHD.square()}
        return TemporalOutput(x_BHD=output.x_BHD, penalties=penalties)


class Peeking(Last):
    """Right, by the letter: it uses what was demonstrated where it is given that."""

    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        x_BHD = super().forward(x_BTND, state_BTS).x_BHD
        return TemporalOutput(x_BHD=x_BHD if demo_BHA is None else x_BHD + demo_BHA.sum())


class Drawing(Last):
    """Right: what it draws while training comes from torch's own generator."""

    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        output = super().forward(x_BTND, state_BTS)
        return output if demo_BHA is None else TemporalOutput(x_BHD=output.x_BHD * (torch.rand((), device="cpu") > 0.5))


class Raw(Head):
    def __init__(self, options, context, form):
        super().__init__(options, context, form)
        self.layer, self.activate = nn.Linear(context.width, form.size), form.activate

    def forward(self, x_BHD):
        return self.activate(self.layer(x_BHD).float())


class Sizeless(ActionForm):
    def __init__(self, options, action):
        super().__init__(options, action)

    encode = activate = decode = residual = None


class Average(Loss):
    def __init__(self, options):
        super().__init__(options)

    def forward(self, prediction, action_BHA, form):
        return (prediction.point_BHP - form.encode(action_BHA)).square().mean()


class Learned(Average):
    def __init__(self, options):
        super().__init__(options)
        self.scale = nn.Parameter(torch.ones(()))


class Looking(Average):
    """Right, though it asks for values, which there are none of before training."""

    def forward(self, prediction, action_BHA, form):
        residual = prediction.point_BHP - form.encode(action_BHA)
        return residual.square().mean(-1) if residual.isfinite().all() else residual[residual > 0]


@attrs.define(kw_only=True)
class Modes(Prediction):
    """Two guesses, and how much each of them is believed."""

    guess_BHKP: torch.Tensor
    belief_BHK: torch.Tensor


class Mixture(Head):
    """Right: it predicts no point, and finds one when it is asked; `asked` counts how often."""

    predicts = "modes"
    asked = 0

    def __init__(self, options, context, form):
        super().__init__(options, context, form)
        self.guess, self.belief = nn.Linear(context.width, 2 * form.size), nn.Linear(context.width, 2)
        self.activate = form.activate

    def forward(self, x_BHD):
        guess_BHKP = self.activate(self.guess(x_BHD).float().unflatten(-1, (2, -1)))
        belief_BHK = self.belief(x_BHD).float().log_softmax(-1)
        sure = {"sure": belief_BHK.exp().square().mean()} if self.training else {}
        return Modes(guess_BHKP=guess_BHKP, belief_BHK=belief_BHK, penalties=sure)

    def point(self, prediction):
        type(self).asked += 1
        best = prediction.belief_BHK.argmax(-1)[..., None, None]
        return prediction.guess_BHKP.gather(2, best.expand(*best.shape[:-1], prediction.guess_BHKP.shape[-1]))[:, :, 0]


class Believed(Loss):
    """Right: each guess's distance, weighted by how much it is believed."""

    accepts = frozenset({"modes"})

    def __init__(self, options):
        super().__init__(options)

    def forward(self, prediction, action_BHA, form):
        apart = form.residual(prediction.guess_BHKP, form.encode(action_BHA).unsqueeze(2)).square().mean(-1)
        return (prediction.belief_BHK.exp() * apart).sum(-1)


class Sure(Last):
    """Gives a penalty of the name that the mixture's has."""

    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        x_BHD = super().forward(x_BTND, state_BTS).x_BHD
        return TemporalOutput(x_BHD=x_BHD, penalties={} if demo_BHA is None else {"sure": x_BHD.mean()})
