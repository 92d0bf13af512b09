"""Collecting into a folder that is already there: resumed if it answers the request, else left alone."""

import hashlib
import shutil

import pytest
from toy_env import Toy, ask

from bczoo.engine.collect import collect
from bczoo.errors import BczooError


def bits(folder):
    """SHA-256 of every file."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_complete_folder_is_left_alone(copy):
    before = {path: path.stat().st_mtime_ns for path in copy.iterdir()}
    assert collect(ask(), copy) == copy
    assert {path: path.stat().st_mtime_ns for path in copy.iterdir()} == before


@pytest.mark.parametrize("change", [{"seed": 8}, {"demos": 60}, {"noise": 0.2}, {"env": Toy(max_steps=19)}])
@pytest.mark.parametrize("complete", [True, False])
def test_other_demonstrations_are_never_overwritten(copy, change, complete):
    if not complete:
        (copy / "meta.json").unlink()
    before = bits(copy)
    with pytest.raises(BczooError, match=r"other demonstrations|belongs to another request"):
        collect(ask(**change), copy, workers=1)
    assert bits(copy) == before


def test_shards_of_other_versions_are_not_mixed_in(copy, monkeypatch):
    (copy / "meta.json").unlink()
    (copy / "shard-00001.safetensors").unlink()
    monkeypatch.setattr("bczoo.engine.demo_format.version", lambda name: f"{name} of tomorrow")
    with pytest.raises(BczooError, match=r"shard-00000.* collected with other versions"):
        collect(ask(), copy, workers=1)


def test_a_deleted_shard_is_collected_again(copy, folder):
    (copy / "shard-00001.safetensors").unlink()
    assert bits(collect(ask(), copy, workers=1)) == bits(folder)


def test_a_shard_of_a_larger_collection_is_named(copy):
    (copy / "meta.json").unlink()
    shutil.copy(copy / "shard-00002.safetensors", copy / "shard-00003.safetensors")
    with pytest.raises(BczooError, match=r"shard-00003.* belongs to another request"):
        collect(ask(), copy, workers=1)


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "folder"])
def test_a_damaged_shard_is_named_and_kept(copy, harm):
    (copy / "meta.json").unlink()
    path = copy / "shard-00001.safetensors"
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    if harm == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes({"cut": data[:-100], "flipped": data, "empty": b""}[harm])
    with pytest.raises(BczooError, match=r"shard-00001.* is not a whole shard .* delete it"):
        collect(ask(), copy, workers=1)
    assert path.exists()


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BczooError, match="cannot make the folder"):
        collect(ask(), tmp_path / "file" / "x")
