"""Random crops, resized to the full size."""

import attrs
import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from bczoo.plugins import augmentations
from bczoo.plugins.augmentations.images_net import ImageAugmentation, cut


@attrs.frozen(kw_only=True)
class Boxes:
    """What is kept of each frame, in whole pixels."""

    top: Tensor
    left: Tensor
    height: Tensor
    width: Tensor


class Crop(ImageAugmentation):
    """Keeps a random part of the image and enlarges it (bilinear) to the size of the whole.

    The part has the image's proportions and at least `scale_min` of its sides, in whole pixels. All lengths of
    the longer side are equally likely, and so are all places that a size leaves.
    """

    def __init__(self, options: "augmentations.Crop") -> None:
        self.scale_min = options.scale_min

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Size, row and column, from 0 (smallest, top, left) to 1, which is never reached."""
        return torch.rand(count, 3, generator=generator, device=generator.device)

    def change(self, image_MHWC: Tensor, drawn_MK: Tensor) -> Tensor:
        height, width = image_MHWC.shape[1:3]
        boxes = self.boxes(height, width, drawn_MK)
        # The CPU enlarges bytes several times as fast as floats, but only to one scale at a time; to look at the sizes
        # would make any other device wait.
        return by_size(image_MHWC, boxes) if image_MHWC.device.type == "cpu" else sampled(image_MHWC, boxes)

    def boxes(self, height: int, width: int, drawn_M3: Tensor) -> Boxes:
        """The boxes that such numbers mean in a frame of that size."""
        size, row, column = drawn_M3.unbind(1)
        longer = max(height, width)
        # Rounded down, so that something can be cut off however small the image is.
        least = max(1, int(self.scale_min * longer))
        longer_M = least + _whole(size, longer - least)
        height_M, width_M = ((longer_M * side / longer).round().long().clamp_min(1) for side in (height, width))
        top_M, left_M = _whole(row, height - height_M), _whole(column, width - width_M)
        return Boxes(top=top_M, left=left_M, height=height_M, width=width_M)


def _whole(unit: Tensor, most: Tensor | int) -> Tensor:
    """Numbers in [0, 1) as whole ones from 0 to `most`, each as likely."""
    # Rounding may lead to what is excluded: float32 has no number between 0.99999994 and 1.
    return (unit * (most + 1)).long().clamp(max=most)


def by_size(image_MHWC: Tensor, boxes: Boxes) -> Tensor:
    """Enlarge all boxes of one size at once."""
    _, height, width, _ = image_MHWC.shape
    result = torch.empty_like(image_MHWC)
    sizes_M2 = torch.stack([boxes.height, boxes.width], dim=1)
    for rows, columns in torch.unique(sizes_M2, dim=0).tolist():
        frames_K = ((boxes.height == rows) & (boxes.width == columns)).nonzero().flatten()
        row_KR = (frames_K * height + boxes.top[frames_K])[:, None] + torch.arange(rows)
        small = cut(image_MHWC, row_KR, boxes.left[frames_K], columns).permute(0, 3, 1, 2)
        large = interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
        result.index_copy_(0, frames_K, large.permute(0, 2, 3, 1))
    return result


def sampled(image_MHWC: Tensor, boxes: Boxes) -> Tensor:
    """Enlarge each box on its own scale; the same as `by_size`, but for rounding."""
    frames, height, width, _ = image_MHWC.shape
    whole = (frames, height, width)
    y_MH = _places(boxes.top, boxes.height, height)
    x_MW = _places(boxes.left, boxes.width, width)
    # torch's affine_grid would multiply matrices for every pixel, and take longer than the sampling.
    grid = torch.stack([x_MW[:, None, :].expand(whole), y_MH[:, :, None].expand(whole)], dim=-1)
    image = grid_sample(image_MHWC.permute(0, 3, 1, 2).float(), grid, mode="bilinear", align_corners=False)
    return image.round_().to(image_MHWC.dtype).permute(0, 2, 3, 1).contiguous()


def _places(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Where in a frame's side of `size` pixels those of the enlarged box come from; -1 and 1 are its outer edges."""
    start_M1, length_M1 = start[:, None], length[:, None]
    pixel = start_M1 + (torch.arange(size, device=start.device) + 0.5) * length_M1 / size
    # Not further out than the middle of the box's first and last pixel: what lies outside is cut off.
    return 2 * pixel.maximum(start_M1 + 0.5).minimum(start_M1 + length_M1 - 0.5) / size - 1
