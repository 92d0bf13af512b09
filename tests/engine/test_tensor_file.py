"""Tensor files: equal contents make equal files, and a file is what it says it is or refused with a sentence."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bczoo.engine.tensor_file import _DTYPES, FileKind, TensorFile, read_header, read_tensors, write_tensors
from bczoo.errors import BczooError, InputError

CAT = FileKind(name="cat", format=3, example="cats/tom.safetensors")
DOG = FileKind(name="dog", format=3, example="dogs/rex.safetensors")
HELD = {
    "paws": torch.arange(8.0).view(2, 4).t(),  # not contiguous
    "tail": torch.tensor(7),
    "fur": torch.ones(3, dtype=torch.bfloat16),
    "spots": torch.zeros(0, 5),
    "eyes": torch.tensor([True, False]),
}


@pytest.fixture
def path(tmp_path):
    written = tmp_path / "tom.safetensors"
    write_tensors(written, CAT, HELD, {"age": 4, "toys": ("ball", None, 0.5)})
    return written


def test_what_is_written_is_read_again(path):
    header, tensors = read_tensors(path, CAT)
    assert (header["age"], header["toys"], header["kind"], header["format"]) == (4, ["ball", None, 0.5], "cat", 3)
    assert header == read_header(path, CAT)
    assert tensors.keys() == HELD.keys()
    for name, value in HELD.items():
        assert tensors[name].dtype == value.dtype
        assert torch.equal(tensors[name], value)


@pytest.mark.parametrize("dtype", sorted(map(str, _DTYPES.values())))
def test_every_type_of_tensor_is_read_as_it_was_written(path, dtype):
    value = torch.ones(3).to(getattr(torch, dtype.removeprefix("torch.")))
    write_tensors(path, CAT, {"value": value}, {})
    again = read_tensors(path, CAT)[1]["value"]
    assert again.dtype == value.dtype
    assert torch.equal(again.view(torch.uint8), value.view(torch.uint8))


def test_the_layout_is_known_before_anything_is_read(path):
    layout = TensorFile(path, CAT).layout
    assert layout == {name: (value.dtype, tuple(value.shape)) for name, value in HELD.items()}


def test_equal_contents_make_equal_files(path):
    other = path.with_name("other")
    write_tensors(other, CAT, dict(reversed(HELD.items())), {"toys": ["ball", None, 0.5], "age": 4})
    assert other.read_bytes() == path.read_bytes()


def test_one_kind_is_not_taken_for_another(path):
    with pytest.raises(BczooError, match=r"tom\.safetensors: not a dog but a 'cat'; give a dog file"):
        read_header(path, DOG)


def test_another_format_is_named(path):
    with pytest.raises(BczooError, match="cat format 3; this bczoo reads 4"):
        read_header(path, FileKind(name="cat", format=4, example=""))


def test_a_missing_file_is_wrong_input_with_an_example(tmp_path):
    with pytest.raises(InputError, match=r"no such file; give a cat file, e\.g\. cats/tom"):
        read_header(tmp_path / "nowhere", CAT)
    with pytest.raises(InputError, match=r"is a folder; give a cat file, e\.g\. cats/tom"):
        read_header(tmp_path, CAT)


def test_a_name_that_no_file_can_have_is_one_sentence():
    with pytest.raises(BczooError, match="File name too long"):
        read_header(Path("x" * 5000), CAT)


def test_a_file_without_a_checksum_is_refused(path):
    save_file(load_file(path), path, metadata={"bczoo": '{"kind": "cat", "format": 3}'})
    with pytest.raises(BczooError, match="no checksum"):
        read_header(path, CAT)


def test_every_single_flipped_byte_of_the_tensors_is_found(path):
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    assert start < len(content)
    for place in range(start, len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with pytest.raises(BczooError, match=r"tom\.safetensors: damaged: .*checksum differs"):
            read_tensors(path, CAT)


@pytest.mark.parametrize(("old", "new"), [(b"age", b"Age"), (b"ball", b"bell"), (b": 4", b": 5"), (b"fur", b"Fur")])
def test_a_changed_header_is_found(path, old, new):
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    with pytest.raises(BczooError, match="checksum differs"):
        read_tensors(path, CAT)


def test_tensors_of_the_same_bytes_but_another_shape_or_type_are_found(path):
    for old, new in ((b'"shape":[4,2]', b'"shape":[2,4]'), (b'"BF16"', b'"F16" ')):
        content = path.read_bytes()
        assert content.count(old) == 1
        path.write_bytes(content.replace(old, new))
        with pytest.raises(BczooError, match="checksum differs"):
            read_tensors(path, CAT)
        path.write_bytes(content)


def test_a_header_that_json_cannot_hold_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_tensors(tmp_path / "x", CAT, HELD, {"age": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_header_of_megabytes_is_neither_written_nor_read(path):
    before = path.read_bytes()
    with pytest.raises(ValueError, match="its header claims 5"):
        write_tensors(path, CAT, HELD, {"long": "x" * 5_000_000})
    assert path.read_bytes() == before
    save_file(HELD | {"paws": torch.zeros(1)}, path, metadata={"bczoo": "x" * 5_000_000})
    with pytest.raises(BczooError, match=r"tom\.safetensors: not a cat file, or a damaged one: its header claims 5"):
        read_header(path, CAT)


# ---- disks that refuse, for real: each in a process of its own that lowers its own rights

PREPARE = """
import resource, os, sys
from pathlib import Path
import torch
from test_tensor_file import CAT, write_tensors
from bczoo.errors import BczooError
"""
TRY = """
try:
    write_tensors(Path(sys.argv[1]), CAT, {"large": torch.zeros(100_000)}, {})
except BczooError as error:
    print(error)
"""
LIMITED = "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))"
UNPRIVILEGED = "os.geteuid() or os.setuid(65534)"  # root may write into read-only folders


def said(restriction, path):
    code = "\n".join([PREPARE, restriction, TRY])
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_that_grows_too_large_is_named_and_the_former_one_stays(path):
    before = path.read_bytes()
    assert f"cannot write {path}: " in (sentence := said(LIMITED, path))
    assert "File too large" in sentence
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_read_only_folder_is_named_and_the_former_file_stays():
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "tom.safetensors"
        write_tensors(path, CAT, HELD, {})
        before = path.read_bytes()
        path.parent.chmod(0o555)
        assert f"cannot write {path}: Permission denied" in said(UNPRIVILEGED, path)
        assert path.read_bytes() == before
        assert os.listdir(name) == [path.name]  # noqa: PTH208
