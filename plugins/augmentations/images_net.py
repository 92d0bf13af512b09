"""What all changes of images share: few numbers, drawn once for each group of frames."""

from abc import abstractmethod

import attrs
import torch
from torch import Tensor

from bczoo.engine.parts import Augmentation, Batch, groups


class ImageAugmentation(Augmentation):
    """Changes every camera's frames by K numbers drawn for their group.

    Cameras draw separately, one after the other: each has a mounting and an exposure of its own. Does nothing
    where there are no images.
    """

    @abstractmethod
    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """K numbers for each of `count` groups, (count, K), on the generator's device."""

    @abstractmethod
    def change(self, image_MHWC: Tensor, drawn_MK: Tensor) -> Tensor:
        """New frames, uint8 as the given ones, which stay as they are; `drawn_MK` are their groups' numbers."""

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        group_M, count = groups(batch)
        images = {
            camera: self.change(image_MHWC, self.draw(count, generator)[group_M])
            for camera, image_MHWC in batch.images.items()
        }
        return attrs.evolve(batch, images=images)


def cut(image_MHWC: Tensor, row_KR: Tensor, left_K: Tensor, width: int) -> Tensor:
    """K pictures (K, R, width, channels): of each, R rows, `width` pixels of them from `left_K` on.

    `row_KR` counts the rows of all frames, one frame after the other.
    """
    wide, channels = image_MHWC.shape[2:]
    # In a view where a run of so many pixels begins at every pixel, one index_select copies whole runs: on a CPU
    # ten times as fast as indexing pixel by pixel.
    runs = image_MHWC.flatten().unfold(0, width * channels, channels)
    start_KR = row_KR * wide + left_K[:, None]
    return runs.index_select(0, start_KR.flatten()).view(*row_KR.shape, width, channels)
