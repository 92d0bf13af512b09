"""The conditional variational autoencoder of ACT: a latent for the style of a demonstrated chunk."""

import torch
from torch import Tensor, nn

from bczoo.plugins import temporal
from bczoo.plugins.temporal.attention_net import EncoderStack, sinusoid


def kl_to_standard_normal(mean_BZ: Tensor, log_var_BZ: Tensor) -> Tensor:
    """KL divergence of N(mean, exp(log_var)) from N(0, 1): summed over the latent, averaged over the batch."""
    kl_BZ = 0.5 * (mean_BZ.square() + log_var_BZ.exp() - 1.0 - log_var_BZ)
    return kl_BZ.sum(-1).mean()


class Latent(nn.Module):
    """Gives the transformer one more token: what kind of chunk is asked for (Zhao et al. 2023, section IV-C).

    In training an encoder over [CLS, state, demonstrated actions] says where the latent lies, and is held to
    a standard normal; otherwise the latent is that normal's mean, 0.
    """

    position_LD: Tensor

    def __init__(self, options: "temporal.Act", state: int, horizon: int, action: int) -> None:
        super().__init__()
        width, self.kl_weight, self.size = options.d_model, options.kl_weight, options.latent
        self.cls_11D = nn.Parameter(torch.randn(1, 1, width))
        self.state = nn.Linear(state, width) if state else None
        self.action = nn.Linear(action, width)
        self.front = 2 if state else 1  # tokens before the actions
        self.register_buffer("position_LD", sinusoid(self.front + horizon, width), persistent=False)
        self.encoder = EncoderStack(
            options.encoder_layers,
            width,
            options.heads,
            dim_feedforward=options.dim_feedforward,
            dropout=options.dropout,
        )
        self.posterior = nn.Linear(width, 2 * options.latent)
        self.token = nn.Linear(options.latent, width)

    def forward(
        self, state_BS: Tensor, demo_BHA: Tensor | None, mask_BH: Tensor | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The latent's token x_B1D, and in training the penalty "kl", weighted."""
        if not self.training or demo_BHA is None:
            z_BZ = self.token.weight.new_zeros(state_BS.shape[0], self.size)
            return self.token(z_BZ).unsqueeze(1), {}
        mean_BZ, log_var_BZ = self.encode(state_BS, demo_BHA, mask_BH)
        z_BZ = mean_BZ + (0.5 * log_var_BZ).exp() * torch.randn_like(mean_BZ)
        return self.token(z_BZ).unsqueeze(1), {"kl": self.kl_weight * kl_to_standard_normal(mean_BZ, log_var_BZ)}

    def encode(self, state_BS: Tensor, demo_BHA: Tensor, mask_BH: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, latent) of the posterior; actions with a False `mask_BH` are not looked at."""
        front = [self.cls_11D.expand(len(demo_BHA), -1, -1)]
        if self.state is not None:
            front.append(self.state(state_BS).unsqueeze(1))
        x_BLD = torch.cat([*front, self.action(demo_BHA)], dim=1) + self.position_LD
        padding_BL = None if mask_BH is None else nn.functional.pad(~mask_BH, (self.front, 0), value=False)
        cls_BD = self.encoder.first(x_BLD, padding_BL)
        # The divergence wants more digits than bfloat16 has.
        mean_BZ, log_var_BZ = self.posterior(cls_BD).float().chunk(2, dim=-1)
        return mean_BZ, log_var_BZ
