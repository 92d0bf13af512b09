"""Tensor files: one .safetensors file with a JSON header that says what it is; written whole, read with distrust."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, cast

import attrs
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from bczoo.errors import BczooError, InputError, brief, reworded
from bczoo.files import atomic_path, check_depth, parse_json

Layout = dict[str, tuple[torch.dtype, tuple[int, ...]]]

_KEY: Final = "bczoo"
_LONGEST: Final = 4 << 20  # bytes; a ResNet needs 20 thousand, and Python makes 40 times as many of the worst
_DTYPES: Final = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "U16": torch.uint16,
    "U32": torch.uint32,
    "U64": torch.uint64,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
    "C64": torch.complex64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


@attrs.frozen
class FileKind:
    """What a file is: its `name` as sentences say it, its `format` number, and an `example` of a path."""

    name: str
    format: int
    example: str


def write_tensors(path: Path, kind: FileKind, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write `tensors`, from whatever device, and `header` atomically; equal contents make equal files.

    `header` is a table of plain JSON values; the keys `kind`, `format` and `sha256` are added. Raises BczooError
    when the file system refuses, and ValueError for a header that no reader would take: with NaN or infinities,
    nested deeper than files.check_depth allows, or of megabytes. A former file then stays as it was.
    """
    held = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    # As JSON reads it back: tuples become lists, and keys strings.
    table = json.loads(json.dumps({**header, "kind": kind.name, "format": kind.format}, allow_nan=False))
    check_depth(table)
    text = json.dumps(sealed(table, held), sort_keys=True)
    with atomic_path(path) as temporary:
        try:
            # One key: safetensors writes several in random order.
            save_file(held, temporary, metadata={_KEY: text})
            _check_size(temporary)
        except SafetensorError as error:  # what it makes of a full disk
            raise OSError(str(error)) from error


def read_header(path: Path, kind: FileKind) -> dict[str, Any]:
    """The header alone, checked to be that of a file of `kind`; raises BczooError. The tensors are not looked at."""
    return TensorFile(path, kind).header


def read_tensors(path: Path, kind: FileKind) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Header and tensors of a file of `kind`, compared with its checksum; raises BczooError.

    Use a TensorFile when the header says what tensors there must be, to compare them before they are read.
    """
    file = TensorFile(path, kind)
    return file.header, file.tensors()


class TensorFile:
    """An open file: its `header`, and its `layout`, the dtype and shape of each tensor by name.

    Opening reads a few KB and believes nothing: raises BczooError, naming the file, when it is absent, damaged,
    or of another kind or format.
    """

    def __init__(self, path: Path, kind: FileKind) -> None:
        self.path, self.kind = path, kind
        with self._distrust():
            if not path.is_file():
                found = "is a folder" if path.is_dir() else "no such file"
                raise InputError(f"{path}: {found}; give a {kind.name} file, e.g. {kind.example}")
            _check_size(path)
            self._file = cast(Any, safe_open(path, framework="pt"))
            self.layout = {name: self._claim(name) for name in self._file.keys()}  # noqa: SIM118
            self.header = self._header(self._file.metadata() or {})

    def tensors(self) -> dict[str, Tensor]:
        """All tensors, on the CPU, compared with their checksum; raises BczooError. They may map the file."""
        with self._distrust():
            tensors = {name: self._file.get_tensor(name) for name in self.layout}
            self._match(_tensors_sha256(tensors), self.header["sha256"]["tensors"])
        return tensors

    def _header(self, metadata: Mapping[str, str]) -> dict[str, Any]:
        name, format = self.kind.name, self.kind.format
        if _KEY not in metadata:
            raise BczooError(f"{self.path}: a .safetensors file, but not one that bczoo wrote: no {_KEY!r} header")
        header = parse_json(metadata[_KEY])
        if not isinstance(header, dict) or not isinstance(sha256 := header.get("sha256"), dict):
            raise BczooError(f"{self.path}: has no checksums, so it is damaged or not from this bczoo; train again")
        self._match(_header_sha256(header, self.layout), sha256.get("header"))
        if header.get("kind") != name:
            raise BczooError(f"{self.path}: not a {name} but a {brief(header.get('kind'))}; give a {name} file")
        if header.get("format") != format:
            raise BczooError(f"{self.path}: {name} format {brief(header.get('format'))}; this bczoo reads {format}")
        return header

    def _match(self, found: str, written: Any) -> None:
        if found != written:
            raise BczooError(
                f"{self.path}: damaged: it does not hold what was written (its checksum differs); "
                "copy it again from where it came, or train again"
            )

    def _claim(self, name: str) -> tuple[torch.dtype, tuple[int, ...]]:
        view = self._file.get_slice(name)
        dtype = view.get_dtype()
        if dtype not in _DTYPES:
            raise ValueError(f"{brief(name)} is of an unknown type {dtype}")
        return _DTYPES[dtype], tuple(view.get_shape())

    def _distrust(self) -> AbstractContextManager[None]:
        # Neither safetensors nor torch says what it raises for bytes that somebody else made up.
        return reworded(lambda error: f"{self.path}: not a {self.kind.name} file, or a damaged one: {brief(error)}")


def _check_size(path: Path) -> None:
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if size > min(_LONGEST, path.stat().st_size):
        raise ValueError(f"its header claims {size} bytes")


def sealed(header: dict[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The header with its two checksums: one lets a reader trust header and layout before it reads any tensor."""
    layout = {name: (value.dtype, tuple(value.shape)) for name, value in tensors.items()}
    header = {**header, "sha256": {"tensors": _tensors_sha256(tensors)}}
    header["sha256"]["header"] = _header_sha256(header, layout)
    return header


def _header_sha256(header: Mapping[str, Any], layout: Layout) -> str:
    """Of what is meant, not of how it is written: order and spaces may differ."""
    said = {**header, "sha256": header["sha256"].get("tensors")}
    text = json.dumps([said, {name: [str(dtype), shape] for name, (dtype, shape) in layout.items()}], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for _, value in sorted(tensors.items()):
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
