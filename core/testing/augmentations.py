"""The contract of augmentations."""

from collections.abc import Mapping
from typing import Any

import attrs
import torch
from torch import Tensor

from bczoo.engine.parts import Augmentation, Batch, groups
from bczoo.testing.module import noise
from bczoo.testing.subject import Subject

CAMERAS = {"front": (24, 32, 3), "wrist": (20, 18, 3)}
B, S, H, A = 4, 3, 2, 3
# One draw may be no change at all, or the same for two groups; so many are not.
SEEDS = range(5)
# What says how the others belong together, and so must stay as it is.
FIXED = ("mask_BH", "frame_BT", "group_M")


def check_augmentation(subject: Subject) -> None:
    """Changes something, in the same way for every frame of a group, by no other chance than the generator's.

    Asked with one and several steps and cameras, shared frames, no images, and no state.
    """
    with subject.doing("building"):
        augment = subject.build()
    subject.demand(isinstance(augment, Augmentation), f"{subject.card.impl} is no subclass of {_name(Augmentation)}")
    for case, batch in _cases().items():
        with subject.doing(f"a batch with {case}"):
            _check_kept(subject, augment, case, batch)
            _check_chance(subject, augment, batch)
    with subject.doing("two cameras and a state"):
        _check_change(subject, augment, _batch(steps=2))
    for case in ("its own frames", "shared frames"):
        with subject.doing(f"groups of equal frames, with {case}"):
            _check_groups(subject, augment, _batch(steps=2, shared=case == "shared frames", equal=True))


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _cases() -> dict[str, Batch]:
    front = {"front": CAMERAS["front"]}
    return {
        "one camera and T = 1": _batch(steps=1, cameras=front),
        "two cameras and T = 2": _batch(steps=2),
        "frames that windows share": _batch(steps=2, shared=True),
        "no state": _batch(steps=2, state=0),
        "no images": _batch(steps=2, cameras={}),
        "features instead of images": attrs.evolve(_batch(steps=2, cameras={}), x_MND=noise(2 * B, 1, 5)),
    }


def _batch(
    *,
    steps: int,
    cameras: Mapping[str, tuple[int, ...]] = CAMERAS,
    state: int = S,
    shared: bool = False,
    equal: bool = False,
) -> Batch:
    """Random frames, or the same frame again and again if `equal`; if `shared`, five, of two episodes."""
    frame_BT = torch.arange(B)[:, None] + torch.arange(steps) if shared else None
    frames = B + steps - 1 if shared else B * steps
    generator = torch.Generator().manual_seed(0)
    images = {
        name: torch.randint(0, 256, (1 if equal else frames, *shape), dtype=torch.uint8, generator=generator)
        for name, shape in cameras.items()
    }
    mask_BH = torch.ones(B, H, dtype=torch.bool)
    mask_BH[-1, 1:] = False
    return Batch(
        images={name: image.repeat(frames // len(image), 1, 1, 1) for name, image in images.items()},
        state_BTS=noise(B, steps, state),
        action_BHA=noise(B, H, A, seed=1),
        mask_BH=mask_BH,
        frame_BT=frame_BT,
        group_M=(torch.arange(frames) >= 2).long() if shared else None,
    )


def _tensors(batch: Batch) -> dict[str, Tensor]:
    fields: dict[str, Any] = attrs.asdict(batch, recurse=False)
    images = fields.pop("images")
    given = {name: value for name, value in fields.items() if value is not None}
    return {f"images[{name!r}]": image for name, image in images.items()} | given


def _differing(left: Batch, right: Batch) -> list[str]:
    """Names of the tensors that are not the same in both, where both have them."""
    others = _tensors(right)
    return [name for name, value in _tensors(left).items() if not torch.equal(value, others[name])]


def _drawn(augment: Any, batch: Batch, seed: int) -> Batch:
    """What it makes of its own copy of the batch."""
    changed: Batch = augment(batch.each(Tensor.clone), torch.Generator().manual_seed(seed))
    return changed


def _check_kept(subject: Subject, augment: Any, case: str, batch: Batch) -> None:
    given = batch.each(Tensor.clone)
    changed = augment(given, torch.Generator().manual_seed(0))
    subject.demand(isinstance(changed, Batch), f"must return a {_name(Batch)}, not a {type(changed).__name__}")
    spoilt = _differing(batch, given)
    subject.demand(not spoilt, f"writes into {', '.join(spoilt)} of the batch it is given, perhaps the data itself")
    before, after = _tensors(batch), _tensors(changed)
    for name in sorted({*before, *after}):
        was, now = _form(before.get(name)), _form(after.get(name))
        subject.demand(was == now, f"must keep shapes and types: with {case}, {name} was {was} and now is {now}")
    fixed = [name for name in _differing(batch, changed) if name in FIXED]
    subject.demand(not fixed, f"changes {', '.join(fixed)}, which must stay as it is")
    wild = [name for name, value in after.items() if not value.isfinite().all()]
    subject.demand(not wild, f"gives numbers that are not finite in {', '.join(wild)}")


def _form(tensor: Tensor | None) -> str:
    if tensor is None:
        return "not there"
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)} on {tensor.device}"


def _check_chance(subject: Subject, augment: Any, batch: Batch) -> None:
    before = torch.get_rng_state()
    first = _drawn(augment, batch, 1)
    own = torch.equal(before, torch.get_rng_state())
    subject.demand(own, "draws from torch's global generator, not from the one it is given")
    for other in (augment, subject.build()):
        same = not _differing(first, _drawn(other, batch, 1))
        subject.demand(same, "gives two results for one batch and one state of the generator, where all chance must be")


def _check_change(subject: Subject, augment: Any, batch: Batch) -> None:
    drawn = [_drawn(augment, batch, seed) for seed in SEEDS]
    changes = any(_differing(batch, changed) for changed in drawn)
    subject.demand(changes, "changes nothing, neither of uint8 images nor of states")
    varies = any(_differing(drawn[0], changed) for changed in drawn[1:])
    subject.demand(varies, "makes the same change whatever the generator's state")


def _check_groups(subject: Subject, augment: Any, batch: Batch) -> None:
    """All frames show the same, so those of one group must still do so afterwards, and all others need not."""
    group_M, _ = groups(batch)
    moved = differ = False
    for seed in SEEDS:
        for name, image in _drawn(augment, batch, seed).images.items():
            moved = moved or not torch.equal(image, batch.images[name])
            for group in range(int(group_M.max()) + 1):
                mine = image[group_M == group]
                alike = bool((mine == mine[0]).all())
                subject.demand(alike, f"changes frames of one group differently: equal ones of {name!r} no longer are")
            differ = differ or not bool((image == image[0]).all())
    subject.demand(differ or not moved, "makes one change for the whole batch; every group must have its own")
