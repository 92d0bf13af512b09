"""Recordings of one's own, written as a folder of demonstrations."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from numbers import Real
from pathlib import Path
from typing import Any, Final

from bczoo.card import card_of
from bczoo.engine.demo_format import SHARD_DEMOS, Arrays, Request, shard_name
from bczoo.engine.demo_summary import write_meta
from bczoo.engine.own_episode import Episodes
from bczoo.engine.record import joined, save_shard
from bczoo.engine.run import make_folder
from bczoo.errors import InputError, SpecError, brief
from bczoo.schema import Mistakes, structure_part

SHARD_BYTES: Final = 256 << 20  # of arrays, after which a shard of fewer than 25 episodes ends; they wait in memory


def write_demos(folder: str | Path, episodes: Iterable[Mapping[str, Any]], *, env: Any, fps: float) -> Path:
    """Write recordings as the new folder of demonstrations `folder`, and return it.

    Each of `episodes` maps `images` to {camera: uint8 (F, height, width, 3)}, `state` to numbers (F, S) and `action`
    to numbers (F, A), as far as the env has them; if it likes also `plan` to (F, K, A), the next K actions as planned
    at each frame, `success` to a bool (default: True) and `seed` to what its start was drawn from (default: 0). They
    are taken one by one and may come from a generator. `env` is the options of an env or its table in a spec,
    {"use": name, ...}; `fps` are frames per second.

    Raises InputError for an episode that does not fit the env, with its number, counted from 0; for none at all, and
    for a folder that is there; BczooError where nothing can be written. What was written until then stays, without
    the meta.json that makes it complete.
    """
    folder, env, rate = Path(folder), _options(env), _rate(fps)
    taken = Episodes(env)
    make_folder(folder)
    try:
        shards = 0
        for demos in _grouped(map(taken.take, episodes)):
            save_shard(folder / shard_name(shards), joined(demos))
            shards += 1
        if not shards:
            raise InputError("there are no episodes to write")
    except BaseException:
        with suppress(OSError):  # it holds what was written so far
            folder.rmdir()
        raise
    request = Request(env=env, demos=taken.count, noise=0.0, plan=taken.plan, seed=0, keep_failures=True)
    write_meta(folder, shards, request, taken.spaces, rate, recorded_elsewhere=True)
    return folder


def _options(env: Any) -> Any:
    """The env's options, whether they are given as such or as a table."""
    if isinstance(env, Mapping):
        try:
            return structure_part(dict(env), "env", ("env",))
        except Mistakes as error:
            raise SpecError(map(str, error.mistakes)) from error
    if isinstance(env, type) or not hasattr(env, "__card__") or card_of(env).kind != "env":
        raise InputError(f"env is {brief(env)}; wanted is its table in a spec, or the options that it stands for")
    return env


def _rate(fps: Any) -> float:
    rate = float(fps) if isinstance(fps, Real) else 0.0
    if not 0 < rate < math.inf:
        raise InputError(f"fps = {brief(fps)}: wanted are frames per second, a number above 0")
    return rate


def _grouped(demos: Iterable[Arrays]) -> Iterator[list[Arrays]]:
    """The demonstrations of one shard after the other."""
    group: list[Arrays] = []
    size = 0
    for demo in demos:
        group.append(demo)
        size += sum(array.nbytes for array in demo.values())
        if len(group) == SHARD_DEMOS or size >= SHARD_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group
