"""ResNet-18 of torchvision, without its classifier."""

from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import ResNet18_Weights, resnet18
from torchvision.ops import FrozenBatchNorm2d

from bczoo.plugins import backbones
from bczoo.plugins.backbones.cameras_net import map_tokens
from bczoo.plugins.backbones.pretrained_net import Pretrained, PretrainedEncoder, checked
from bczoo.plugins.backbones.sources_net import HubFile
from bczoo.plugins.backbones.weights_net import read_state
from bczoo.shapes import Obs

STRIDE = 32
CHANNELS_PER_GROUP = 16


def _group_norm(channels: int) -> nn.Module:
    """Source: Wu and He, Group Normalization, 2018: 16 channels a group."""
    return nn.GroupNorm(channels // CHANNELS_PER_GROUP, channels)


class FrozenNorm(FrozenBatchNorm2d):  # type: ignore[misc]  # torchvision has no types
    """Batch normalisation with constant statistics, scales and shifts, in one pass and in the image's own precision.

    torchvision's own multiplies and adds in float32, which makes every convolution after it convert its input.
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "group": _group_norm,
    "frozen": FrozenNorm,
}


class ResnetEncoder(PretrainedEncoder):
    """Global average pooling to one token of 512 (seed, option B), or a token for every 32x32 pixels."""

    width = 512
    source = HubFile(ResNet18_Weights.IMAGENET1K_V1.url)

    def __init__(self, norm: str, tokens: str) -> None:
        super().__init__()
        self.net = resnet18(weights=None, norm_layer=NORMS[norm])
        self.net.fc = nn.Identity()
        self.norm, self.grid = norm, tokens == "grid"

    def tokens(self, height: int, width: int) -> int:
        # Every one of its five halvings rounds up.
        return -(-height // STRIDE) * -(-width // STRIDE) if self.grid else 1

    def forward(self, x_MCHW: Tensor) -> Tensor:
        net = self.net
        x = net.maxpool(net.relu(net.bn1(net.conv1(x_MCHW))))
        x_MDHW: Tensor = net.layer4(net.layer3(net.layer2(net.layer1(x))))
        return map_tokens(x_MDHW) if self.grid else x_MDHW.mean((-2, -1)).unsqueeze(1)

    def read(self, path: Path, imagenet: bool) -> dict[str, Tensor]:
        state = {name: value for name, value in read_state(path).items() if not name.startswith("fc.")}
        if self.norm == "group":  # scale and shift carry over; group norm keeps no statistics
            state = {name: value for name, value in state.items() if "running_" not in name}
        return checked(path, state, self.net)


class Resnet18(Pretrained):
    """One or several ResNet-18 over one or several cameras.

    Source: He et al., Deep Residual Learning for Image Recognition, 2015.
    """

    def __init__(self, options: "backbones.Resnet18", obs: Obs) -> None:
        super().__init__(options, obs, lambda: ResnetEncoder(options.norm, options.tokens), freeze=options.freeze)
