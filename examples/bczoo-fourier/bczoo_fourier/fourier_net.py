"""A CNN whose channels each point at places, and say where in Fourier features.

Sources: Tancik et al., Fourier Features Let Networks Learn High Frequency Functions in Low Dimensional Domains,
NeurIPS 2020: networks learn functions of a place v far better from [cos(2 pi b v), sin(2 pi b v)] with normally
distributed frequencies b than from v itself. Levine et al., End-to-End Training of Deep Visuomotor Policies, JMLR 2016:
a channel's softmax over all places is where the channel points.

The spatial softmax of the latter keeps the mean place alone, so two blocks look like one half-way between them.
The mean of the Fourier features samples the characteristic function of the whole distribution, which tells them apart.

Legend of dimensions: see bczoo.shapes; C channels, F frequencies, W = 2 F waves, h and w places of a feature map.
"""

import math

import torch
from bczoo.engine.parts import Backbone
from bczoo.shapes import Features, Obs
from torch import Tensor, nn

from bczoo_fourier import Fourier

SHARPNESS = 10.0  # of the softmax: without it, fresh features are too small to point anywhere for some epochs


class FourierNet(Backbone):
    """One token a camera; all cameras go through the same weights."""

    frequencies_F2: Tensor

    def __init__(self, options: Fourier, obs: Obs) -> None:
        super().__init__(options, obs)
        channels = {shape[2] for shape in obs.images.values()}
        if len(channels) != 1:
            raise ValueError(f"it takes cameras of one number of channels, not of {sorted(channels)}")
        C, F = options.width, options.frequencies
        # Drawn from torch's generator, which the run's seed sets, and saved with the weights.
        self.register_buffer("frequencies_F2", options.scale * torch.randn(F, 2))
        self.layers = nn.Sequential(
            nn.Conv2d(channels.pop(), C, kernel_size=8, stride=4, padding=2),
            nn.ReLU(),
            nn.Conv2d(C, C, kernel_size=4, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(C, C, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(C, C, kernel_size=3, padding=1),
        )
        self.features = Features(steps=obs.steps, tokens=len(obs.images), width=C * 2 * F)

    def forward(self, images: dict[str, Tensor]) -> Tensor:
        return torch.stack([self._encode(image) for image in images.values()], dim=1)

    def _encode(self, x_MCHW: Tensor) -> Tensor:
        score_MChw = SHARPNESS * self.layers(x_MCHW)
        return mean_waves(score_MChw, self.frequencies_F2).flatten(1)


def mean_waves(score_MChw: Tensor, frequencies_F2: Tensor) -> Tensor:
    """The mean of the waves over each channel's softmax of its scores: (M, C, W)."""
    weight_MCp = score_MChw.flatten(2).float().softmax(-1)
    return weight_MCp @ waves(frequencies_F2, *score_MChw.shape[-2:]).flatten(1).T


def waves(frequencies_F2: Tensor, height: int, width: int) -> Tensor:
    """Cosines, then sines, of 2 pi (b_y y + b_x x) with y and x in [0, 1] from side to side: (W, height, width)."""
    y_h, x_w = (torch.linspace(0.0, 1.0, size, device=frequencies_F2.device) for size in (height, width))
    by_F11, bx_F11 = frequencies_F2.unsqueeze(-1).unsqueeze(-1).unbind(1)
    # Not as a matrix product, which autocast would round to bfloat16: too coarse for a phase of several turns.
    phase_Fhw = 2 * math.pi * (by_F11 * y_h.unsqueeze(1) + bx_F11 * x_w)
    return torch.cat([phase_Fhw.cos(), phase_Fhw.sin()])
