"""A file is there whole or not at all, and JSON is strict."""

import errno
import json
import os
import stat

import pytest

from bczoo import files
from bczoo.errors import BczooError


def test_a_written_file_replaces_the_old_one_and_leaves_nothing_else(tmp_path):
    for value in ("old", "new"):
        files.write_text(tmp_path / "note.txt", value)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]
    assert (tmp_path / "note.txt").read_text() == "new"


def test_json_keeps_key_order_and_refuses_what_json_cannot_say(tmp_path):
    path = tmp_path / "x.json"
    files.write_json(path, {"b": 1, "a": [0.1]})
    assert list(json.loads(path.read_text())) == ["b", "a"]
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, float("nan"))


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "[1e999]", "[-1E+400]", '{"a": [Infinity]}'])
def test_numbers_that_are_not_finite_are_no_json_of_ours(text):
    with pytest.raises(ValueError, match="is not a finite number"):
        files.parse_json(text)


@pytest.mark.parametrize("depth", [65, 900, 10**6])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_what_is_nested_too_deep_is_refused_however_deep(depth, left, right):
    with pytest.raises(ValueError, match="nested deeper than 64"):
        files.parse_json(left * depth + "1" + right * depth)


def test_what_is_nested_as_deep_as_anything_needs_is_read():
    assert files.parse_json("[" * 63 + "{}" + "]" * 63)


@pytest.mark.parametrize("text", ["", "{", "1" * 10**5, "\x00", "[1,]", '"\\x"', "nul"])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):
        files.parse_json(text)


def test_a_failing_writer_leaves_the_old_file_and_no_temporary(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")

    def half():
        with files.atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x", "old")]


def test_a_temporary_lies_beside_its_file_and_is_told_by_its_name(tmp_path):
    with files.atomic_path(tmp_path / "x.json") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(f".x.json.{os.getpid()}")
        assert temporary.suffix == ".tmp"
        temporary.write_text("")


def test_a_writer_with_strict_permissions_does_not_lock_others_out(tmp_path):
    with files.atomic_path(tmp_path / "x") as temporary:
        expected = stat.S_IMODE(temporary.stat().st_mode)
        temporary.chmod(0o600)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == expected


def test_a_full_disk_is_said_in_a_sentence_and_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_text("old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(BczooError, match=r"cannot write .*x: No space left on device; free space"):
        files.write_text(path, "new")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x", "old")]


def test_a_folder_that_is_none_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BczooError, match="cannot write"):
        files.write_text(tmp_path / "file" / "x", "new")
