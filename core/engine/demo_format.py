"""The folder of demonstrations: what was asked for, what its files are called and what marks them.

    meta.json                  written last: its presence makes the folder complete
    shard-00000.safetensors    25 demonstrations each, the last one fewer

A shard of F frames and E episodes holds `images.<camera>` uint8 (F, height, width, 3), `state` float32
(F, S) if the env has one, `action` float32 (F, A), `plan` float32 (F, K, A) if plans were asked for,
`episode_ends` int64 (E,) (exclusive, counted within the shard), `seed` int64 (E,), `success` uint8 (E,).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
from attrs.validators import ge
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from bczoo.card import card_of
from bczoo.engine.env import simulators
from bczoo.errors import BczooError, brief
from bczoo.files import parse_json
from bczoo.registry import zoo
from bczoo.schema import unstructure

FORMAT: Final = 1
META: Final = "meta.json"
SHARD_DEMOS: Final = 25
HEADER_KEY: Final = "bczoo"

Arrays = dict[str, NDArray[Any]]


@attrs.frozen(kw_only=True)
class Request:
    """Which demonstrations are wanted; equal requests give bit-identical folders.

    `env` is the options object of an env with an expert, `demos` the number of episodes, `noise` the
    standard deviation of what is added to the executed (never the recorded) action, `plan` how many of
    the expert's next actions to store with every frame (0: none), `seed` >= 0 determines everything
    random, `keep_failures` keeps episodes in which the expert fails instead of repeating them.
    """

    env: Any
    demos: int = attrs.field(validator=ge(1))
    noise: float = attrs.field(converter=float, validator=ge(0.0))
    plan: int = attrs.field(validator=ge(0))
    seed: int = attrs.field(validator=ge(0))
    keep_failures: bool

    @property
    def env_name(self) -> str:
        """What a spec's `use` says."""
        return card_of(self.env).name

    @property
    def shards(self) -> int:
        """Number of shards the demonstrations fill."""
        return -(-self.demos // SHARD_DEMOS)

    def slots(self, shard: int) -> range:
        """Which demonstrations belong to one shard."""
        return range(shard * SHARD_DEMOS, min((shard + 1) * SHARD_DEMOS, self.demos))

    def table(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        return {
            "format": FORMAT,
            "env": unstructure(self.env),
            "demos": self.demos,
            "noise": self.noise,
            "plan": self.plan,
            "seed": self.seed,
            "keep_failures": self.keep_failures,
        }


def canonical(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, so equal values are equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def versions(env: Any) -> dict[str, str]:
    """The versions that decide a trajectory's bits: of the env's own distribution, and of what simulates for it."""
    card = zoo().filed(env)
    own = {card.dist: card.version} if card.dist else {}
    found = own | {name: version(name) for name in ("bczoo", "gymnasium", "numpy")} | simulators(env)
    return dict(sorted(found.items()))


def default_folder(request: Request) -> Path:
    """Where demonstrations go unless said otherwise, such as demos/push-200-noise0.3-1a2b3c4d."""
    digest = hashlib.sha256(canonical(request.table()).encode()).hexdigest()[:8]
    name = re.sub(r"[^\w.-]", "_", request.env_name)
    return Path("demos") / f"{name}-{request.demos}-noise{request.noise:g}-{digest}"


def shard_name(shard: int) -> str:
    """File name of a shard."""
    return f"shard-{shard:05d}.safetensors"


def shard_header(request: Request, shard: int, arrays: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """A shard's metadata: which request it answers, under which versions, and the digest of its arrays.

    One key only: safetensors writes several in random order, and then equal shards would differ.
    """
    table = request.table() | {"versions": versions(request.env), "shard": shard, "digest": _digest(arrays)}
    return {HEADER_KEY: canonical(table)}


def answers(path: Path, request: Request, shard: int) -> bool:
    """Whether `path` is exactly the shard that this request asks for, under the versions of today.

    Raises BczooError when the file cannot be read as a shard, or its arrays are not what was written.
    """
    # Files appear whole or not at all, so no interruption leaves a broken one: it is a damaged disk or
    # somebody else's file. It is named rather than replaced, since only its owner knows which.
    broken = f"{path} is not a whole shard of demonstrations; delete it and run bczoo collect again"
    try:
        with safe_open(path, framework="np") as file:
            header = (file.metadata() or {}).get(HEADER_KEY)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, TypeError) as error:
        raise BczooError(f"{broken} ({brief(error)})") from error
    mine = shard_header(request, shard, arrays)[HEADER_KEY]
    if header != mine and _without_digest(header) == _without_digest(mine):
        raise BczooError(broken)
    return header == mine


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(canonical([name, array.dtype.str, array.shape]).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _without_digest(header: str | None) -> Any:
    try:
        table = parse_json(header or "null")
    except ValueError:
        return None
    return {key: table[key] for key in table if key != "digest"} if isinstance(table, dict) else None
