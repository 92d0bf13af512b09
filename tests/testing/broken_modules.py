"""Parts of policies that keep every promise, or break exactly one."""

import torch
from torch import nn

from bczoo.engine.parts import ActionForm, Backbone, Head, Prediction, Temporal, TemporalOutput
from bczoo.shapes import Context, Features


class Mean(Backbone):
    """Keeps every promise; the others change one thing."""

    width = 4

    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.features = Features(steps=obs.steps, tokens=1, width=4)
        self.layer = nn.Linear(3 * len(obs.images), self.width)

    def forward(self, images):
        return self.layer(torch.cat([image.mean((-2, -1)) for image in images.values()], -1)).unsqueeze(1)


class Liar(Mean):
    width = 5


class Undeclared(Mean):
    def __init__(self, options, obs):
        super().__init__(options, obs)
        del self.features


class Listed(Mean):
    def forward(self, images):
        return [super().forward(images)]


class Idle(Mean):
    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.unused = nn.Linear(2, 2)


class Multiplied(Mean):
    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images):
        return super().forward(images) + 0 * self.scale


class Detached(Mean):
    def forward(self, images):
        return super().forward(images).detach()


class Infinite(Mean):
    def forward(self, images):
        return super().forward(images) / 0


class Crowd(Mean):
    def forward(self, images):
        x_MND = super().forward(images)
        return x_MND - x_MND.mean(0)


class Dice(Mean):
    def forward(self, images):
        return nn.functional.dropout(super().forward(images), training=True)


class Secret(Mean):
    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.secret = torch.randn(4)

    def forward(self, images):
        return super().forward(images) + self.secret.to(self.layer.weight.device)


class Shared(Mean):
    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.again = self.layer

    def forward(self, images):
        return self.again(torch.cat([image.mean((-2, -1)) for image in images.values()], -1)).unsqueeze(1)


class OneCamera(Mean):
    def forward(self, images):
        return super().forward({"front": images["front"]})


class ZeroInit(Mean):
    """Right: gradients pass once the last layer has left zero."""

    def __init__(self, options, obs):
        super().__init__(options, obs)
        self.last = nn.Linear(4, 4)
        nn.init.zeros_(self.last.weight)

    def forward(self, images):
        return self.last(super().forward(images))


class Stranger(nn.Module):
    pass


class Recurrent(Temporal):
    recurrent = True

    def __init__(self, options, features, state, horizon, action):
        super().__init__(options, features, state, horizon, action)
        self.context = Context(horizon=horizon, width=6)
        self.rnn = nn.GRU(features.tokens * features.width + state, 6, batch_first=True)
        self.horizon = horizon

    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        x_BTD = torch.cat([x_BTND.flatten(2), state_BTS], -1)
        return TemporalOutput(x_BHD=self.rnn(x_BTD)[0][:, -1:].expand(-1, self.horizon, -1))

    def start(self, batch):
        return (torch.zeros(batch, 6),)

    def step(self, x_BND, state_BS, memory):
        x_B1D = torch.cat([x_BND.flatten(1), state_BS], -1).unsqueeze(1)
        x_B1D, hidden = self.rnn(x_B1D, memory[0].unsqueeze(0))
        return TemporalOutput(x_BHD=x_B1D.expand(-1, self.horizon, -1)), (hidden[0],)


class Forgetful(Recurrent):
    def step(self, x_BND, state_BS, memory):
        return super().step(x_BND, state_BS, (torch.zeros_like(memory[0]),))


class Impatient(Recurrent):
    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        output = super().forward(x_BTND, state_BTS)
        return TemporalOutput(x_BHD=output.x_BHD, penalties={"kl": output.x_BHD.square()})


class Unpromised(Recurrent):
    def __init__(self, *given):
        super().__init__(*given)
        self.context = self.context.width


class Bare(Recurrent):
    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        return super().forward(x_BTND, state_BTS).x_BHD


class Sharp(Head):
    """Keeps every promise; the others change one thing."""

    def __init__(self, options, context, form):
        super().__init__(options, context, form)
        self.layer = nn.Linear(context.width, form.size)

    def forward(self, x_BHD):
        return Prediction(point_BHP=self.layer(x_BHD).tanh())


class Blunt(Sharp):
    def forward(self, x_BHD):
        return Prediction(point_BHP=self.layer(x_BHD))


class Raw(Sharp):
    def forward(self, x_BHD):
        return self.layer(x_BHD).tanh()


class Fined(Sharp):
    def forward(self, x_BHD):
        point_BHP = self.layer(x_BHD).tanh()
        return Prediction(point_BHP=point_BHP, penalties={"size": point_BHP.square()} if self.training else {})


class Pointless(Sharp):
    def forward(self, x_BHD):
        self.seen = self.layer(x_BHD).tanh()
        return Prediction()

    def point(self, prediction):
        return self.seen


class Restless(Sharp):
    def point(self, prediction):
        return (prediction.point_BHP + torch.randn_like(prediction.point_BHP)).tanh()


class Aimless(Sharp):
    def point(self, prediction):
        return None


class Riddle(Sharp):
    predicts = "riddle"


class Flip(ActionForm):
    def __init__(self, options, action):
        super().__init__(options, action)
        self.size = action.size

    def encode(self, action_A):
        return -action_A

    def activate(self, raw_P):
        return raw_P.tanh()

    def decode(self, code_P):
        return -code_P

    def residual(self, predicted_P, target_P):
        return predicted_P - target_P


class Sizeless(Flip):
    def __init__(self, options, action):
        super().__init__(options, action)
        del self.size


class NoWayBack(Flip):
    def decode(self, code_P):
        return code_P


class Off(Flip):
    def residual(self, predicted_P, target_P):
        return predicted_P - target_P + 1


class Blind(Flip):
    def residual(self, predicted_P, target_P):
        return 0 * (predicted_P - target_P)


class Steep(Flip):
    def activate(self, raw_P):
        return raw_P / raw_P.abs().sqrt().square()


class Grumpy(Flip):
    def __init__(self, options, action):
        raise ValueError("not this one")
