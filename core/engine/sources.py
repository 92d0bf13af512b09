"""What a run trains on: demonstrations cut into windows, on the device or read ahead, perhaps encoded already."""

import torch
from torch import Tensor

from bczoo.card import card_of
from bczoo.engine.console import log
from bczoo.engine.demos import Demos
from bczoo.engine.frames import Frames, ResidentFrames, fits, image_bytes
from bczoo.engine.parts import Augmentation
from bczoo.engine.policy import Policy
from bczoo.engine.windows import Windows
from bczoo.errors import SpecError
from bczoo.shapes import Obs
from bczoo.spec import Data, Spec

FRAMES_AT_ONCE = 256
TRIED = 8  # windows that augmentations are tried on


def new_windows(demos: Demos, spec: Spec, obs: Obs, device: torch.device) -> tuple[Windows, Windows]:
    """The windows of the training episodes and of those held back."""
    frames = place(demos, spec.data, obs, device)
    training, validation = (
        Windows(
            demos,
            episodes,
            steps=obs.steps,
            horizon=spec.policy.horizon,
            cameras=tuple(obs.images),
            state=obs.state > 0,
            frames=frames,
            share=spec.data.stretch > 1,
        )
        for episodes in demos.split(spec.train.validation, spec.seed)
    )
    return training, validation


def place(demos: Demos, data: Data, obs: Obs, device: torch.device) -> Frames:
    """Where frames are read from, as data.load wants it; says so."""
    if not obs.images:
        return demos
    size = image_bytes(demos, obs.images)
    if data.load == "device" or (data.load == "auto" and fits(size, device)):
        log.info(f"all {demos.frames:,} frames ({size / 1e6:,.0f} MB of images) lie on {device}")
        return ResidentFrames(demos, obs.images, device)
    return demos


def cache_features(policy: Policy, windows: tuple[Windows, Windows], spec: Spec, device: torch.device) -> None:
    """Encode every frame once, where the backbone is frozen; raises SpecError where that would change the result."""
    if any(parameter.requires_grad for parameter in policy.backbone.parameters()):
        raise SpecError(["data.cache_features = true needs a backbone that does not learn; set its freeze = true"])
    if spec.data.augment:
        raise SpecError(["data.cache_features = true leaves nothing to augment; take data.augment out of the spec"])
    features = _encode_all(policy, windows[0], device)
    log.info(f"features of all {len(features):,} frames ({features.nbytes / 1e6:,.0f} MB) are computed once")
    for some in windows:
        some.features = features.to(some.frames.device)


def warn_of_idle(augmentations: list[Augmentation], data: Data, windows: Windows) -> None:
    """Say which augmentations change nothing that the policy sees, such as noise on states that it is not given."""
    batch = windows.batch(torch.arange(min(TRIED, len(windows))))
    generator = torch.Generator(batch.mask_BH.device).manual_seed(0)
    for options, augmentation in zip(data.augment, augmentations, strict=True):
        changed = augmentation(batch, generator)
        same = all(torch.equal(changed.images[name], image) for name, image in batch.images.items())
        if same and torch.equal(changed.state_BTS, batch.state_BTS):
            log.warning(f"data.augment: {card_of(options).name!r} changes nothing that this policy sees")


@torch.inference_mode()
def _encode_all(policy: Policy, windows: Windows, device: torch.device) -> Tensor:
    """x_FND of all demonstrated frames, float32, on the CPU."""
    policy.to(device).eval()
    frames, parts = windows.frames, []
    for index in torch.split(torch.arange(windows.demos.frames), FRAMES_AT_ONCE):
        place = index.to(frames.device)
        images = {name: frames.gather_images(name, place).to(device) for name in windows.cameras}
        parts.append(policy.encode(images, torch.empty(len(index), 0)).float().cpu())
    # A normal tensor: those of inference mode may not be used in training.
    return torch.cat(parts).clone()
