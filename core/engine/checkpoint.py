"""Policy files: one .safetensors file with the weights, and everything needed to use them in its header."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import reduce
from importlib.metadata import version
from itertools import chain
from math import isfinite
from operator import getitem
from pathlib import Path
from typing import Any, Final

import attrs
import torch
from torch import Tensor

from bczoo.engine import tensor_file
from bczoo.engine.assembly import probe
from bczoo.engine.device import pick_device
from bczoo.engine.origins import needs, origins
from bczoo.engine.policy import Policy
from bczoo.engine.tensor_file import FileKind, TensorFile, write_tensors
from bczoo.errors import BczooError, InputError, brief, clip, printable
from bczoo.schema import Mistakes, structure, unstructure
from bczoo.shapes import Action, Obs
from bczoo.shipped import policy_file
from bczoo.spec import PolicySpec, Spec
from bczoo.specfile import spec_from_table

POLICY = FileKind(name="policy", format=1, example="runs/NAME/policy.safetensors")

_SIDE: Final = 2**14  # pixels, steps, numbers: more than any env has
_CAMERAS: Final = 64
_TABLES: Final = 64 << 20  # bytes
_LONGEST: Final = 800  # characters of a sentence that quotes a file
# Where a spec says what only training uses.
_TRAINING: Final = (("loss",), ("callbacks",), ("data", "augment"), ("train", "optimizer"), ("train", "schedule"))


def save_policy(
    path: Path,
    policy: Policy,
    spec: Spec,
    info: Mapping[str, Any] | None = None,
    tensors: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a policy atomically: weights and statistics, with its complete spec and `info` in the header.

    `tensors` are a state of the policy's from another moment than the present.
    Numbers of `info` that are not finite become null. Raises BczooError when the file cannot be written.
    """
    header = {
        "spec": unstructure(spec),
        "obs": attrs.asdict(policy.obs),
        "action": attrs.asdict(policy.action),
        "plugins": origins(spec),
        "versions": {name: version(name) for name in ("bczoo", "torch")},
        "info": {key: _finite(value) for key, value in (info or {}).items()},
    }
    write_tensors(path, POLICY, policy.state_dict() if tensors is None else tensors, header)


def load_policy(path: str | Path, device: str = "cpu", precision: str = "fp32") -> Policy:
    """Read a policy file: same parts, weights and statistics, in eval mode; raises BczooError if it cannot be.

    Instead of a path, "zoo:NAME" means a trained policy that comes with bczoo, e.g. "zoo:bc_cnn". Only the policy's own
    parts must be installed; a robot has no simulator, and learns nothing. With `precision` "bf16" it acts about twice
    as fast on hardware that computes in bfloat16, and a little differently. `device` is auto, cpu, mps, cuda or cuda:N.
    """
    if precision not in ("fp32", "bf16"):
        raise InputError(f"precision {precision!r}: a policy acts in fp32 or bf16")
    file = _open(path)
    policy = _policy(file, _policy_spec(file), device)
    return policy.infer_in_bf16() if precision == "bf16" else policy


def load_with_spec(path: str | Path, device: str = "cpu") -> tuple[Policy, Spec]:
    """A policy and the spec of the run it came from; defaults stand where parts that only trained it are gone."""
    file = _open(path)
    spec = _spec(file)
    return _policy(file, spec.policy, device), spec


def _open(path: str | Path) -> TensorFile:
    return TensorFile(policy_file(path), POLICY)


def _policy(file: TensorFile, spec: PolicySpec, device: str) -> Policy:
    place = pick_device(device)
    with _fitting(file.path):
        obs, action = _shapes(file.header)
        _compare(file, spec, obs, action)
    tensors = file.tensors()
    with _fitting(file.path):
        policy = Policy(spec, obs, action)
        policy.load_state_dict(tensors)
        policy.normalizer.check()
        policy.backbone.used_weights = printable(str(file.header["info"].get("weights", "none")))
    return policy.to(place).eval()


@contextmanager
def _fitting(path: Path) -> Iterator[None]:
    try:
        yield
    except BczooError as error:
        raise BczooError(f"{path}: {clip(str(error), _LONGEST)}") from error
    # The parts may be anybody's, and none of them says what it raises when it is built for absurd sizes.
    except Exception as error:
        raise BczooError(f"{path}: its weights do not fit its own spec: {brief(error)}") from error


def _compare(file: TensorFile, spec: PolicySpec, obs: Obs, action: Action) -> None:
    """Compare what the spec would build with what the file holds before any memory is taken for it.

    What fits is also run, without memory again: some parts are built for images that they cannot take.
    """
    if obs.steps != spec.steps:
        raise ValueError(f"obs.steps is {obs.steps}, but policy.steps {spec.steps}")
    with torch.device("meta"):
        policy = Policy(spec, obs, action)
    wanted = {name: _said(value.dtype, value.shape) for name, value in policy.state_dict().items()}
    held = {name: _said(*claim) for name, claim in file.layout.items()}
    for name in sorted(wanted.keys() | held.keys()):
        if wanted.get(name) != held.get(name):
            raise ValueError(
                f"{name} is {held.get(name, 'missing')} in the file, {wanted.get(name, 'unknown')} by spec"
            )
    # Tables that are computed rather than saved, such as positions, may grow with numbers that no weight depends on.
    size = sum(buffer.nbytes for buffer in policy.buffers())
    if size > file.path.stat().st_size + _TABLES:
        raise ValueError(f"its parts want {size} bytes for tables")
    probe(spec, obs, action)


def _said(dtype: torch.dtype, shape: Iterable[int]) -> str:
    return f"{str(dtype).removeprefix('torch.')} {tuple(shape)}"


def read_header(path: str | Path) -> dict[str, Any]:
    """The header of a policy file, checked to be one; raises BczooError."""
    return tensor_file.read_header(policy_file(path), POLICY)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def _policy_spec(file: TensorFile) -> PolicySpec:
    spec = file.header.get("spec")
    table = spec.get("policy") if isinstance(spec, dict) else spec
    with _rebuilding(file, table):
        read: PolicySpec = structure(table, PolicySpec, ("policy",))
        return read


def _spec(file: TensorFile) -> Spec:
    """The whole spec, or what is left of it without the parts of training that cannot be read here."""
    table: Any = file.header.get("spec")
    try:
        return spec_from_table(table)
    except Mistakes as error:
        table = _for_acting(table, error)
    with _rebuilding(file, table):
        return spec_from_table(table)


def _for_acting(table: Any, error: Mistakes) -> Any:
    """The table without what only trained the policy, where there are mistakes in it.

    A policy acts the same without the callback that watched its training. Whoever judges it need not have that, nor
    the version that still knows its options. What can be read is kept, so that the spec stays complete if it can.
    """
    left = deepcopy(table)
    for place in _TRAINING:
        if any(mistake.path[: len(place)] == place for mistake in error.mistakes):
            *above, key = place
            reduce(getitem, above, left).pop(key, None)
    return left


@contextmanager
def _rebuilding(file: TensorFile, table: Any) -> Iterator[None]:
    """Say of mistakes in `table`, a piece of the file's spec, what has to be installed, if it is that."""
    try:
        yield
    except Mistakes as error:
        told = file.header.get("plugins")
        if lost := needs(told, table):
            raise BczooError(f"{file.path} needs {lost}") from error
        brought = ", ".join(f"{part}: {origin}" for part, origin in told.items()) if isinstance(told, dict) else ""
        said, brought = clip(str(error), _LONGEST), clip(brought, _LONGEST)
        raise BczooError(f"{file.path}: cannot be rebuilt here: {said} (made with {brought})") from error


def _shapes(header: dict[str, Any]) -> tuple[Obs, Action]:
    """What the policy observes and does, in sizes that some env could have; raises Mistakes or ValueError."""
    obs: Obs = structure(header.get("obs"), Obs, ("obs",))
    action: Action = structure(header.get("action"), Action, ("action",))
    sizes = [obs.steps, action.size, *chain.from_iterable(obs.images.values())]
    if not all(1 <= size <= _SIDE for size in sizes) or not 0 <= obs.state <= _SIDE:
        raise ValueError(f"the sizes of obs and action must be 1 to {_SIDE}")
    if len(obs.images) > _CAMERAS:
        raise ValueError(f"obs has {len(obs.images)} images; there can be {_CAMERAS}")
    if not len(action.low) == len(action.high) == action.size:
        raise ValueError("action.low and action.high must have action.size numbers each")
    return obs, action
