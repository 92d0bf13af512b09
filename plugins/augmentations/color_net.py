"""Random brightness, contrast and saturation."""

import torch
from torch import Tensor

from bczoo.plugins import augmentations
from bczoo.plugins.augmentations.images_net import ImageAugmentation

GREY = (0.2989, 0.587, 0.114)  # of red, green and blue, as torchvision weighs them
# Colours that a CPU changes at a time: as floats they stay in its cache.
CACHED = 2**19


class ColorJitter(ImageAugmentation):
    """What torchvision's ColorJitter does for the same factors, rounded once at the end.

    The order is always brightness, contrast, saturation, where torchvision draws one for each image. Hue is left
    alone: it costs more than the others together, and often tells which object is meant.
    """

    def __init__(self, options: "augmentations.ColorJitter") -> None:
        self.options = options
        self.strength = torch.tensor([options.brightness, options.contrast, options.saturation])
        self.grey = torch.tensor(GREY)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Factors of brightness, contrast and saturation, each in [1 - s, 1 + s]."""
        drawn = torch.rand(count, 3, generator=generator, device=generator.device)
        self.strength = self.strength.to(generator.device)
        return 1 + self.strength * (2 * drawn - 1)

    def change(self, image_MHWC: Tensor, drawn_MK: Tensor) -> Tensor:
        self.grey = self.grey.to(image_MHWC.device)
        if image_MHWC.device.type != "cpu":
            return self._changed(image_MHWC, drawn_MK)
        frames = max(1, CACHED // image_MHWC[0].numel())
        pairs = zip(torch.split(image_MHWC, frames), torch.split(drawn_MK, frames), strict=True)
        return torch.cat([self._changed(image, drawn) for image, drawn in pairs])

    def _changed(self, image_MHWC: Tensor, drawn_M3: Tensor) -> Tensor:
        brightness, contrast, saturation = drawn_M3[:, :, None, None, None].unbind(1)
        image = image_MHWC.to(torch.float32, copy=True)
        if self.options.brightness:
            image.mul_(brightness).clamp_(0, 255)
        if self.options.contrast:
            mean = (image.mean((1, 2)) @ self.grey)[:, None, None, None]
            image.mul_(contrast).add_((1 - contrast) * mean).clamp_(0, 255)
        if self.options.saturation:
            grey_MHW = (image @ self.grey).mul_(1 - saturation[..., 0])
            image.mul_(saturation)
            for channel in image.unbind(-1):  # to broadcast along so short a dimension takes a CPU longer
                channel.add_(grey_MHW)
            image.clamp_(0, 255)
        # By way of int16, because torch's way from float to uint8 is several times as slow.
        return image.round_().to(torch.int16).to(image_MHWC.dtype)
