"""Finding and reading pretrained weights: published ones, or a file of one's own."""

import hashlib
import logging
import pickle
from pathlib import Path

import attrs
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from bczoo.errors import BczooError
from bczoo.plugins.backbones.sources_net import Source

log = logging.getLogger("bczoo")


@attrs.frozen
class Found:
    """Weights that are here: their file, whether the published ones, and how they are called in a run's record."""

    path: Path
    imagenet: bool
    record: str


def obtain(weights: str, source: Source | None, part: str) -> Found | None:
    """The file that a backbone's `weights` option stands for; None: start from scratch.

    Raises BczooError when `imagenet` or a path cannot be had; `auto` says so in a warning instead.
    """
    if weights == "none":
        return None
    if weights not in ("auto", "imagenet"):
        return _own(Path(weights).expanduser())
    try:
        return _published(source)
    except _UnavailableError as error:
        if weights == "imagenet":
            raise BczooError(f'backbone {part!r}, weights = "imagenet": {error}') from error
        _warn(part, str(error))
        return None


class _UnavailableError(Exception):
    """Published weights cannot be had; says why, and what to do."""


def _own(path: Path) -> Found:
    if not path.is_file():
        raise BczooError(f"{path}: no such weights file; weights may also be auto, imagenet or none")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Found(path, False, f"{path} sha256:{digest}")


def _published(source: Source | None) -> Found:
    if source is None:
        raise _UnavailableError("nobody has published weights for this model; set weights to none or give a file")
    try:
        path = source.find() or source.download()
    except Exception as error:  # whatever keeps it from being downloaded is the reason that is told
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise _UnavailableError(
            f"{source.name} is not in {source.folder} and cannot be downloaded ({reason}); {source.bring}, "
            "or give the path of a .safetensors file as weights"
        ) from error
    return Found(path, True, f"imagenet:{source.name}")


def _warn(part: str, reason: str) -> None:
    lines = (
        f"NO PRETRAINED WEIGHTS: backbone {part!r} starts from scratch.",
        reason,
        'Set weights = "none" if that is what you want, or "imagenet" to stop here instead.',
    )
    frame = "!" * 100
    log.warning("\n".join(["", frame, *(f"!! {line}" for line in lines), frame]))


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, or of one that torch saved, without ever running code from it."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise BczooError(f"{path}: not a weights file, or a damaged one: {reason}; replace or delete it") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise BczooError(f"{path}: holds more than named tensors; give the weights alone, as .safetensors")
    return state
