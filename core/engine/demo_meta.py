"""meta.json: what a complete folder of demonstrations says about itself, read with distrust."""

import hashlib
import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import cattrs
from attrs.validators import deep_iterable, ge, gt, in_, matches_re, min_len

from bczoo.engine.demo_format import FORMAT, META, SHARD_DEMOS, canonical, shard_name
from bczoo.errors import BczooError, brief, clip
from bczoo.files import parse_json

AGAIN: Final = "run bczoo collect again"
_LONGEST: Final = 8 << 20  # bytes of meta.json; a million demonstrations need less
_SIDE: Final = 2**14  # pixels
_count = attrs.field(validator=ge(1))


def _finite(_: Any, attribute: "attrs.Attribute[Any]", value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{attribute.name} must be finite")


@attrs.frozen(kw_only=True)
class ActionMeta:
    """Size A of the action and its bounds, A numbers each."""

    size: int = _count
    low: list[float] = attrs.field(validator=deep_iterable(_finite))
    high: list[float] = attrs.field(validator=deep_iterable(_finite))

    def __attrs_post_init__(self) -> None:
        if not len(self.low) == len(self.high) == self.size:
            raise ValueError("low and high must have `size` numbers each")


@attrs.frozen(kw_only=True)
class Lengths:
    """Frames of the shortest, the median and the longest demonstration."""

    min: int = _count
    median: float = attrs.field(validator=ge(1))
    max: int = _count


@attrs.frozen(kw_only=True)
class ShardMeta:
    """One shard file: its name, size and SHA-256, and how many frames and episodes it holds."""

    # A bare name of ours: nothing that could point out of the folder.
    file: str = attrs.field(validator=matches_re(r"shard-\d{5,6}\.safetensors"))
    bytes: int = _count
    sha256: str = attrs.field(validator=matches_re(r"[0-9a-f]{64}"))
    frames: int = _count
    episodes: int = attrs.field(validator=[ge(1), attrs.validators.le(SHARD_DEMOS)])


def _images(_: Any, __: "attrs.Attribute[Any]", cameras: dict[str, tuple[int, int, int]]) -> None:
    for name, (height, width, channels) in cameras.items():
        if not (1 <= height <= _SIDE and 1 <= width <= _SIDE and channels == 3):
            raise ValueError(f"camera {name!r} must have a shape (1..{_SIDE}, 1..{_SIDE}, 3)")


@attrs.frozen(kw_only=True)
class Meta:
    """Everything meta.json says. Units: `fps` steps per second, `noise` in those of the action."""

    format: int = attrs.field(validator=in_([FORMAT]))
    env: dict[str, Any]
    demos: int = _count
    frames: int = _count
    successes: int = attrs.field(validator=ge(0))
    cameras: dict[str, tuple[int, int, int]] = attrs.field(validator=_images)
    state: int = attrs.field(validator=ge(0))
    action: ActionMeta
    fps: float = attrs.field(validator=[gt(0), _finite])
    lengths: Lengths
    noise: float = attrs.field(validator=[ge(0), _finite])
    plan: int = attrs.field(validator=ge(0))
    seed: int = attrs.field(validator=ge(0))
    keep_failures: bool
    versions: dict[str, str]
    shards: list[ShardMeta] = attrs.field(validator=min_len(1))
    recorded_elsewhere: bool = False  # by write_demos; what an expert is asked for then says nothing

    def __attrs_post_init__(self) -> None:
        if not (self.cameras or self.state):
            raise ValueError("there must be a camera or a state")
        if not isinstance(self.env.get("use"), str):
            raise ValueError("env must name its env with `use`")
        if [shard.file for shard in self.shards] != [shard_name(i) for i in range(len(self.shards))]:
            raise ValueError("shards must be numbered from 0 without gaps")
        if self.successes > self.demos:
            raise ValueError("successes cannot be more than demos")
        if (sum(s.frames for s in self.shards), sum(s.episodes for s in self.shards)) != (
            self.frames,
            self.demos,
        ):
            raise ValueError("frames and demos must be the sums over the shards")

    def request(self) -> dict[str, Any]:
        """The part of it that was asked for, as `Request.table` writes it."""
        asked = ("format", "env", "demos", "noise", "plan", "seed", "keep_failures")
        return {name: getattr(self, name) for name in asked}

    def table(self) -> dict[str, Any]:
        """As JSON values; collected demonstrations go without the mark, which older versions do not know."""
        table = attrs.asdict(self)
        if not self.recorded_elsewhere:
            del table["recorded_elsewhere"]
        return table

    @property
    def again(self) -> str:
        """How a file of the folder is to be had again."""
        return "put a copy in its place" if self.recorded_elsewhere else AGAIN


def read_meta(folder: Path) -> Meta:
    """Read and check meta.json; raises BczooError when it is absent or not what `collect` writes."""
    path = folder / META
    if not path.exists():
        raise BczooError(_absent(folder))
    try:
        value = parse_json(_text(path))
        if not isinstance(value, dict):
            raise ValueError("it is no table")
        return _converter().structure(value, Meta)
    except cattrs.BaseValidationError as error:
        mistakes = "; ".join(cattrs.transform_error(error, format_exception=_say))
        raise BczooError(f"{path} is damaged: {clip(mistakes, 1000)}; delete it and {AGAIN}") from error
    except (OSError, ValueError) as error:
        raise BczooError(f"{path} is damaged: {brief(error)}; delete it and {AGAIN}") from error


def _text(path: Path) -> str:
    # A device or a pipe may have a size of 0 and never come to an end.
    if not path.is_file():
        raise ValueError("it is no file")
    with path.open("rb") as file:
        content = file.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise ValueError(f"it is larger than {_LONGEST} bytes")
    return content.decode("utf-8")


def damage(folder: Path, meta: Meta, *, verify: bool) -> list[str]:
    """A sentence for every shard that is missing, extra, cut short or (if `verify`) altered."""
    listed = {shard.file for shard in meta.shards}
    extra = sorted(path.name for path in folder.glob("shard-*.safetensors") if path.name not in listed)
    found = [f"{folder / name} does not belong to these demonstrations; move it out of the folder" for name in extra]
    with ThreadPoolExecutor() as threads:
        return [*filter(None, threads.map(partial(_damage, folder, meta.again, verify), meta.shards)), *found]


def _damage(folder: Path, again: str, verify: bool, shard: ShardMeta) -> str:
    path = folder / shard.file
    cure = f"delete it and {again}"
    try:
        size = path.stat().st_size
        if size != shard.bytes:
            return f"{path} has {size} bytes instead of {shard.bytes}; {cure}"
        if verify and file_sha256(path) != shard.sha256:
            return f"{path} was altered after it was collected; {cure}"
    except FileNotFoundError:
        return f"{path} is missing; {again}"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror}); {cure}"
    return ""


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def same_request(meta: Meta, table: dict[str, Any]) -> bool:
    """Whether a complete folder answers the request `table`."""
    return canonical(meta.request()) == canonical(table)


def _absent(folder: Path) -> str:
    if not folder.is_dir():
        return f"there is no folder {folder}; {AGAIN} or set data.path to a folder of demonstrations"
    if any(folder.glob("*shard-*")):
        return f"{folder} is incomplete: collection was interrupted; {AGAIN}"
    return f"{folder} holds no demonstrations (no {META}); set data.path to a folder that bczoo collect wrote"


def _say(error: BaseException, _: type | None) -> str:
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return clip(f"unknown {', '.join(sorted(error.extra_fields))}", 200)
    reason = str(error.args[0] if error.args else error)
    return clip(f"{reason} is missing" if isinstance(error, KeyError) else reason, 200)


def _converter() -> cattrs.Converter:
    # By default cattrs would read 25 from "25" or 25.9; here a value is what it should be or refused.
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind in (int, float, str, bool):
        converter.register_structure_hook(kind, _exactly)
    return converter


def _exactly(value: Any, kind: type) -> Any:
    allowed: tuple[type, ...] = (int, float) if kind is float else (kind,)
    if type(value) not in allowed:
        raise TypeError(f"{brief(value)} is not of type {kind.__name__}")
    if kind is int and not -(2**63) <= value < 2**63:  # nothing that is counted here is larger
        raise ValueError(f"a whole number of {value.bit_length()} bits is too large")
    return kind(value)
