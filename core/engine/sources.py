"""What a run trains on: demonstrations cut into windows, on the device or read ahead, perhaps encoded already."""

import torch
from torch import Tensor

from bczoo.card import card_of
from bczoo.engine.console import log
from bczoo.engine.demos import Demos
from bczoo.engine.frames import Frames, ResidentFrames, fits, image_bytes
from bczoo.engine.pairs import refuse_learning
from bczoo.engine.parts import Augmentation, Batch
from bczoo.engine.policy import Policy
from bczoo.engine.windows import Windows
from bczoo.shapes import Obs
from bczoo.spec import Data, Spec

FRAMES_AT_ONCE = 256
TRIED, DRAWS = 8, 32  # windows that augmentations are tried on, and how often: some change few of them


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
    """Encode every frame once, where the backbone is frozen; raises SpecError where that would change the result.

    The policy is on its device already, and not yet spread over processes, which may not encode alike.
    """
    refuse_learning(spec.policy.backbone, sum(p.numel() for p in policy.backbone.parameters() if p.requires_grad))
    features = _encode_all(policy.eval(), windows[0], device)
    log.info(f"features of all {len(features):,} frames ({features.nbytes / 1e6:,.0f} MB) are computed once")
    for some in windows:
        some.features = features.to(some.frames.device)


def warn_of_idle(augmentations: list[Augmentation], data: Data, windows: Windows) -> None:
    """Say which augmentations change nothing that this policy sees or learns, such as noise on states it is not given.

    Those that change few windows are tried on many.
    """
    batch = windows.batch(torch.arange(min(TRIED, len(windows))))
    generator = torch.Generator(batch.mask_BH.device).manual_seed(0)
    for options, augmentation in zip(data.augment, augmentations, strict=True):
        if not any(_differ(batch, augmentation(batch, generator)) for _ in range(DRAWS)):
            name, count = card_of(options).name, DRAWS * len(batch.mask_BH)
            log.warning(f"data.augment: {name!r} changes nothing that this policy sees or learns, in {count} tries")


def _differ(one: Batch, two: Batch) -> bool:
    seen, given = ([batch.state_BTS, batch.action_BHA, batch.mask_BH, *batch.images.values()] for batch in (one, two))
    return not all(map(torch.equal, seen, given))


@torch.inference_mode()
def _encode_all(policy: Policy, windows: Windows, device: torch.device) -> Tensor:
    """x_FND of all demonstrated frames, float32, on the CPU."""
    frames, parts = windows.frames, []
    for index in torch.split(torch.arange(windows.demos.frames), FRAMES_AT_ONCE):
        place = index.to(frames.device)
        images = {name: frames.gather_images(name, place).to(device) for name in windows.cameras}
        parts.append(policy.encode(images, torch.empty(len(index), 0)).float().cpu())
    # A normal tensor: those of inference mode may not be used in training.
    return torch.cat(parts).clone()
