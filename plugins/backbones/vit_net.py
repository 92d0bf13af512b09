"""Vision Transformer B/16 of torchvision, without its classifier."""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import ViT_B_16_Weights, vit_b_16
from torchvision.models.vision_transformer import interpolate_embeddings

from bczoo.errors import BczooError
from bczoo.plugins import backbones
from bczoo.plugins.backbones.cameras_net import resize
from bczoo.plugins.backbones.pretrained_net import Pretrained, PretrainedEncoder, checked
from bczoo.plugins.backbones.sources_net import HubFile
from bczoo.plugins.backbones.weights_net import read_state
from bczoo.shapes import Obs

PATCH = 16
POSITIONS = "encoder.pos_embedding"
# torchvision renamed the layers of its MLPs after it had published the weights.
RENAMED = {"mlp.linear_1.": "mlp.0.", "mlp.linear_2.": "mlp.3."}


class VitEncoder(PretrainedEncoder):
    """Patches, class token, position embedding, 12 layers; the class token is what is seen (seed, option C)."""

    width = 768
    source = HubFile(ViT_B_16_Weights.IMAGENET1K_V1.url)

    def __init__(self, image_size: int, tokens: str) -> None:
        super().__init__()
        self.net = vit_b_16(weights=None, image_size=image_size)
        self.net.heads = nn.Identity()
        self.image_size, self.all = image_size, tokens == "all"

    def tokens(self, height: int, width: int) -> int:
        return 1 + (self.image_size // PATCH) ** 2 if self.all else 1

    def forward(self, x_MCHW: Tensor) -> Tensor:
        net = self.net
        x_MND: Tensor = net._process_input(resize(x_MCHW, self.image_size, self.image_size))
        x_MND = torch.cat([net.class_token.expand(x_MND.shape[0], -1, -1), x_MND], dim=1)
        x_MND = net.encoder(x_MND)
        return x_MND if self.all else x_MND[:, :1]

    def read(self, path: Path, imagenet: bool) -> dict[str, Tensor]:
        state: OrderedDict[str, Tensor] = OrderedDict()
        for name, value in read_state(path).items():
            for old, new in RENAMED.items():
                name = name.replace(old, new)
            if not name.startswith("heads."):
                state[name] = value
        return checked(path, self._resized(path, state), self.net)

    def _resized(self, path: Path, state: "OrderedDict[str, Tensor]") -> dict[str, Tensor]:
        """Interpolate the position embedding to this image size (Dosovitskiy et al., 2020, section 3.2)."""
        if POSITIONS not in state:
            return state
        try:
            return dict(interpolate_embeddings(self.image_size, PATCH, state))
        except (ValueError, RuntimeError) as error:
            raise BczooError(f"{path}: {POSITIONS} is not that of a square image: {error}") from error


class VitB16(Pretrained):
    """One or several ViT-B/16 over one or several cameras.

    Images are resized to a square of `image_size`, because the seed's 84 is no multiple of 16.
    Source: Dosovitskiy et al., An Image is Worth 16x16 Words, 2020.
    """

    def __init__(self, options: "backbones.VitB16", obs: Obs) -> None:
        super().__init__(options, obs, lambda: VitEncoder(options.image_size, options.tokens), freeze=options.freeze)
