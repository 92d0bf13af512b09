"""Shapes that flow from part to part; each part is built for what the one before it declares.

Legend of dimensions, used in names everywhere: `B` batch, `T` observed steps, `N` tokens per step,
`D` width, `H` horizon (action chunk), `A` action size, `P` size of an encoded action, `S` state size,
`M` frames (B times T).
"""

from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True)
class Obs:
    """What a policy observes: `steps` (T) frames of each camera, and the state vector.

    `images` maps camera names to (height, width, channels); `state` is S, 0 when there is none.
    """

    steps: int
    images: Mapping[str, tuple[int, int, int]]
    state: int


@attrs.frozen(kw_only=True)
class Features:
    """What a backbone emits for every one of `steps` frames: `tokens` (N) vectors of `width` (D)."""

    steps: int
    tokens: int
    width: int


@attrs.frozen(kw_only=True)
class Context:
    """What a temporal module emits: one vector of `width` (D) for each of `horizon` (H) actions."""

    horizon: int
    width: int


@attrs.frozen(kw_only=True)
class Action:
    """The env's action: `size` (A) numbers, bounded by `low` and `high` (A values each)."""

    size: int
    low: tuple[float, ...]
    high: tuple[float, ...]
