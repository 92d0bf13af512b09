"""Augmentations that break exactly one promise; `Brighter` and `Drift` break none."""

import random

import attrs
import torch

from bczoo.engine.parts import Augmentation, Batch, groups


class Brighter(Augmentation):
    """Keeps every promise; the others change one thing."""

    def __init__(self, options):
        self.calls = 0

    def __call__(self, batch, generator):
        self.calls += 1
        more_M = self.more(batch, generator)[:, None, None, None]
        return attrs.evolve(batch, images={name: self.add(image, more_M) for name, image in batch.images.items()})

    def more(self, batch, generator):
        group_M, count = groups(batch)
        return self.draw(count, generator)[group_M]

    def draw(self, count, generator):
        return torch.randint(0, 50, (count,), dtype=torch.uint8, generator=generator)

    def add(self, image, more_M):
        return torch.where(image < 255 - more_M, image + more_M, 255).to(torch.uint8)


class Drift(Augmentation):
    """Right: it changes states alone."""

    def __init__(self, options):
        pass

    def __call__(self, batch, generator):
        return attrs.evolve(batch, state_BTS=batch.state_BTS + torch.rand((), generator=generator))


class Stranger:
    def __init__(self, options):
        pass


class Forgetful(Brighter):
    def __call__(self, batch, generator):
        super().__call__(batch, generator)


class Unshared(Brighter):
    def __call__(self, batch, generator):
        images = super().__call__(batch, generator).images
        return Batch(images=images, state_BTS=batch.state_BTS, action_BHA=batch.action_BHA, mask_BH=batch.mask_BH)


class Floating(Brighter):
    def add(self, image, more_M):
        return super().add(image, more_M) / 255


class Smaller(Brighter):
    def add(self, image, more_M):
        return super().add(image, more_M)[:, 1:]


class OnlyFloats(Brighter):
    def add(self, image, more_M):
        return super().add(image, more_M) if image.is_floating_point() else image


class Writing(Brighter):
    def add(self, image, more_M):
        return image.copy_(super().add(image, more_M))


class Unmasking(Brighter):
    def __call__(self, batch, generator):
        changed = super().__call__(batch, generator)
        return attrs.evolve(changed, mask_BH=torch.ones_like(batch.mask_BH))


class Exploding(Drift):
    def __call__(self, batch, generator):
        return attrs.evolve(batch, state_BTS=super().__call__(batch, generator).state_BTS / 0)


class Global(Brighter):
    def draw(self, count, generator):
        return torch.randint(0, 50, (count,), dtype=torch.uint8)


class Pythonic(Brighter):
    def draw(self, count, generator):
        return torch.tensor([random.randrange(50) for _ in range(count)], dtype=torch.uint8)


class Ageing(Brighter):
    def draw(self, count, generator):
        return super().draw(count, generator) // 2 + self.calls


class Steady(Brighter):
    def draw(self, count, generator):
        return super().draw(count, torch.Generator().manual_seed(0))


class Flicker(Brighter):
    def more(self, batch, generator):
        group_M, _ = groups(batch)
        return self.draw(len(group_M), generator)


class Uniform(Brighter):
    def draw(self, count, generator):
        return super().draw(1, generator).expand(count)


class OwnFramesOnly(Brighter):
    def more(self, batch, generator):
        windows, steps = batch.state_BTS.shape[:2]
        return self.draw(windows, generator).repeat_interleave(steps)


class OneSize(Brighter):
    def __call__(self, batch, generator):
        torch.stack(list(batch.images.values()))
        return super().__call__(batch, generator)


class Staring(Brighter):
    def __call__(self, batch, generator):
        next(iter(batch.images.values()))
        return super().__call__(batch, generator)


class Feeling(Drift):
    def __call__(self, batch, generator):
        batch.state_BTS.amax(-1)
        return super().__call__(batch, generator)
