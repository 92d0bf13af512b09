"""Where the JSON Schema is written, and what it is never written over."""

import pytest

from bczoo import InputError
from bczoo.json_schema import write_schema


def test_a_schema_is_written_over_an_older_one(tmp_path):
    path = tmp_path / "bczoo.schema.json"
    write_schema(path)
    written = path.read_text(encoding="utf-8")
    path.write_text(written.replace("bczoo spec", "an older one"), encoding="utf-8")
    write_schema(path)
    assert path.read_text(encoding="utf-8") == written
    assert [item.name for item in tmp_path.iterdir()] == ["bczoo.schema.json"]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"$id": "urn:bczoo:other"}', b"[]", b"\xff", b"[" * 5000])
def test_any_other_file_is_never_overwritten(tmp_path, content):
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"mine\.json exists and is no schema of bczoo's"):
        write_schema(path)
    assert path.read_bytes() == content


def test_a_folder_or_a_link_to_nothing_is_not_overwritten_either(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    for path in (tmp_path, tmp_path / "link"):
        with pytest.raises(InputError, match="exists and is no schema"):
            write_schema(path)
    assert (tmp_path / "link").is_symlink()
