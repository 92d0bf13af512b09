"""Where frames are read from: the mapped files themselves, or a copy that lies on the training device."""

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor

from bczoo.engine.demos import Demos

# Of the device's free memory; the rest is for the model, its gradients and activations.
RESIDENT_SHARE = 0.5
CHUNK = 4096  # frames copied at a time


class Frames(Protocol):
    """F frames: `state` (F, S), `action` (F, A), `plan` (F, K, A) or None, and images by camera."""

    @property
    def device(self) -> torch.device:
        """Where everything is."""

    state: Tensor
    action: Tensor
    plan: Tensor | None

    def gather_images(self, camera: str, frames: Tensor) -> Tensor:
        """Images of int64 `frames` (any shape), uint8 (*frames.shape, height, width, 3)."""


class ResidentFrames:
    """Everything on the device, so that a batch is gathered there without the host's help."""

    def __init__(self, demos: Demos, cameras: Iterable[str], device: torch.device) -> None:
        """Copy the images of these `cameras`, and all states, actions and plans."""
        self.device = device
        self.state, self.action = demos.state.to(device), demos.action.to(device)
        self.plan = None if demos.plan is None else demos.plan.to(device)
        self._shapes = {camera: demos.cameras[camera] for camera in cameras}
        self._images = {camera: self._copy(demos, camera) for camera in self._shapes}

    def _copy(self, demos: Demos, camera: str) -> Tensor:
        rows = torch.empty(demos.frames, *demos.cameras[camera], dtype=torch.uint8, device=self.device)
        for some in torch.split(torch.arange(demos.frames), CHUNK):
            rows[some[0] : some[-1] + 1] = demos.gather_images(camera, some).to(self.device)
        return rows.flatten(1)

    def gather_images(self, camera: str, frames: Tensor) -> Tensor:
        """As Frames.gather_images; index_select copies whole rows, where indexing goes byte by byte."""
        return self._images[camera].index_select(0, frames.flatten()).view(*frames.shape, *self._shapes[camera])


def image_bytes(demos: Demos, cameras: Iterable[str]) -> int:
    """What the images of these cameras take."""
    sizes = [height * width * channels for height, width, channels in (demos.cameras[name] for name in cameras)]
    return demos.frames * sum(sizes)


def fits(size: int, device: torch.device) -> bool:
    """Whether so many bytes may lie on the device beside the training.

    Never on the CPU: mapped files already are in its memory, and the system can take them out again.
    """
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return size <= RESIDENT_SHARE * free
