"""Policy files: one .safetensors file with the weights, and everything needed to use them in its header."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from bczoo.card import card_of
from bczoo.engine.policy import Policy
from bczoo.errors import BczooError, InputError
from bczoo.files import atomic_path
from bczoo.registry import zoo
from bczoo.schema import Mistakes, unstructure
from bczoo.shapes import Action, Obs
from bczoo.spec import Spec
from bczoo.specfile import spec_from_table

FORMAT = 1
KEY = "bczoo"
MAX_HEADER = 16 << 20  # bytes; a header is a few KB, whatever the size of the weights


def save_policy(path: Path, policy: Policy, spec: Spec, info: Mapping[str, Any] | None = None) -> None:
    """Write a policy atomically: weights and statistics, with its complete spec and `info` in the header."""
    header = {
        "format": FORMAT,
        "spec": unstructure(spec),
        "obs": attrs.asdict(policy.obs),
        "action": attrs.asdict(policy.action),
        "plugins": _plugins(spec),
        "versions": {name: version(name) for name in ("bczoo", "torch")},
        "info": dict(info or {}),
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in policy.state_dict().items()}
    with atomic_path(path) as temporary:
        # One key: safetensors writes several in random order.
        save_file(tensors, temporary, metadata={KEY: json.dumps(header, sort_keys=True)})


def load_policy(path: str | Path, device: str = "cpu") -> Policy:
    """Read a policy file: same parts, weights and statistics, in eval mode; raises BczooError if it cannot be."""
    return load_with_spec(path, device)[0]


def load_with_spec(path: str | Path, device: str = "cpu") -> tuple[Policy, Spec]:
    """A policy and the complete spec of the run it came from."""
    path = Path(path)
    header = read_header(path)
    spec = _spec(path, header)
    try:
        obs, action = _obs(header["obs"]), _action(header["action"])
        _compare_shapes(path, spec, obs, action)
        policy = Policy(spec.policy, obs, action)
        policy.load_state_dict(load_file(path))
        policy.normalizer.check()
        policy.backbone.used_weights = str(header.get("info", {}).get("weights", "none"))
    except BczooError as error:
        raise BczooError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise BczooError(f"{path}: its weights do not fit its own spec: {error}") from error
    return policy.to(device).eval(), spec


def _compare_shapes(path: Path, spec: Spec, obs: Obs, action: Action) -> None:
    """Compare what the spec would build with what the file holds before any memory is taken for it."""
    with torch.device("meta"):
        wanted = {name: tuple(value.shape) for name, value in Policy(spec.policy, obs, action).state_dict().items()}
    with safe_open(path, framework="pt") as file:
        held = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    for name in sorted(wanted.keys() | held.keys()):
        if wanted.get(name) != held.get(name):
            raise ValueError(
                f"{name} is {held.get(name, 'missing')} in the file, {wanted.get(name, 'unknown')} by spec"
            )


def read_header(path: Path) -> dict[str, Any]:
    """The header of a policy file, checked to be one; raises BczooError."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a policy file, e.g. runs/NAME/policy.safetensors")
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
        if size > min(MAX_HEADER, path.stat().st_size):
            raise BczooError(f"{path}: not a policy file, or a damaged one: its header claims {size} bytes")
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[KEY])
    except (SafetensorError, OSError, ValueError) as error:
        raise BczooError(f"{path}: not a policy file, or a damaged one: {error}") from error
    except KeyError as error:
        raise BczooError(f"{path}: a .safetensors file, but not one that bczoo wrote: no {KEY!r} header") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else None
        raise BczooError(f"{path}: policy format {found!r}; this bczoo reads format {FORMAT}")
    return header


def _spec(path: Path, header: dict[str, Any]) -> Spec:
    try:
        return spec_from_table(header.get("spec", {}))
    except Mistakes as error:
        plugins = header.get("plugins")
        brought = (
            ", ".join(f"{part}: {origin}" for part, origin in plugins.items()) if isinstance(plugins, dict) else ""
        )
        raise BczooError(f"{path}: cannot be rebuilt here: {error} (made with {brought})") from error


def _plugins(spec: Spec) -> dict[str, str]:
    policy = spec.policy
    parts = (policy.backbone, policy.temporal, policy.head, policy.action, spec.loss, spec.env)
    cards = [card_of(part) for part in parts]
    return {f"{card.kind} {card.name}": zoo().get(card.kind, card.name).origin for card in cards}


def _obs(table: dict[str, Any]) -> Obs:
    images = {str(name): _sizes(shape) for name, shape in table["images"].items()}
    return Obs(steps=int(table["steps"]), images=images, state=int(table["state"]))


def _sizes(shape: list[int]) -> tuple[int, int, int]:
    height, width, channels = (int(size) for size in shape)
    return height, width, channels


def _action(table: dict[str, Any]) -> Action:
    return Action(size=int(table["size"]), low=tuple(table["low"]), high=tuple(table["high"]))
