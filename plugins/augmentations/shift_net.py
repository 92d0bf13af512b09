"""Random shifts, the augmentation of DrQ-v2."""

import torch
from torch import Tensor

from bczoo.plugins import augmentations
from bczoo.plugins.augmentations.images_net import ImageAugmentation, cut


class Shift(ImageAugmentation):
    """Pads with repeated edges and crops at a random place (Yarats et al. 2021, Mastering Visual Continuous Control).

    Shifts are whole pixels, each as likely as any other, so every pixel shown is one that was there.
    """

    def __init__(self, options: "augmentations.Shift") -> None:
        self.pixels = options.pixels

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Row and column in [0, 2 * pixels] of the padded image at which the crop begins."""
        return torch.randint(0, 2 * self.pixels + 1, (count, 2), generator=generator, device=generator.device)

    def change(self, image_MHWC: Tensor, drawn_MK: Tensor) -> Tensor:
        frames, height, width, _ = image_MHWC.shape
        device, pad = image_MHWC.device, self.pixels
        top_M, left_M = drawn_MK.unbind(1)
        first, last = (image_MHWC[:, :, edge].unsqueeze(2).expand(-1, -1, pad, -1) for edge in (0, -1))
        wide = torch.cat([first, image_MHWC, last], dim=2)
        # Rows need no padding: an index can name the same one again.
        row_MH = (torch.arange(height, device=device) + top_M[:, None] - pad).clamp(0, height - 1)
        first_M = height * torch.arange(frames, device=device)
        return cut(wide, first_M[:, None] + row_MH, left_M, width)
