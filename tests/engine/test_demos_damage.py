"""Damaged, foreign and hostile folders of demonstrations: each is named, with the fix."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from toy_env import edit_meta

from bczoo.engine.data_info import inspect
from bczoo.engine.demo_meta import file_sha256, read_meta
from bczoo.engine.demos import Demos
from bczoo.errors import BczooError

# ---- damage


def test_absent_empty_and_interrupted_folders_are_told_apart(copy, tmp_path):
    with pytest.raises(BczooError, match=r"there is no folder .*nowhere"):
        Demos.open(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BczooError, match="holds no demonstrations"):
        Demos.open(tmp_path / "empty")
    (copy / "meta.json").unlink()
    with pytest.raises(BczooError, match="collection was interrupted; run bczoo collect again"):
        Demos.open(copy)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def copy_as_another(path):
    shutil.copy(path, path.with_name("shard-00009.safetensors"))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (
            cut,
            r"shard-00001\.safetensors has \d+ bytes instead of \d+; delete it and run bczoo collect again",
        ),
        (flip, r"shard-00001\.safetensors was altered after it was collected; delete it"),
        (lambda path: path.unlink(), r"shard-00001\.safetensors is missing; run bczoo collect again"),
        (copy_as_another, r"shard-00009\.safetensors does not belong to these demonstrations"),
    ],
    ids=["cut", "flipped", "missing", "extra"],
)
def test_a_damaged_shard_is_named_with_the_fix(copy, harm, sentence):
    harm(copy / "shard-00001.safetensors")
    with pytest.raises(BczooError, match=sentence) as caught:
        Demos.open(copy)
    assert "\n" not in str(caught.value)
    assert str(caught.value) in inspect(copy)[1]


def test_a_leftover_temporary_is_not_taken_for_a_shard(copy, demos):
    (copy / ".shard-00001.safetensors.12-ab.tmp").write_bytes(b"half")
    assert Demos.open(copy).frames == demos.frames


def with_arrays(folder, change):
    """Change the arrays of the first shard and make meta.json agree on size and checksum."""
    path = folder / "shard-00000.safetensors"
    arrays = load_file(path)
    change(arrays)
    save_file(arrays, path)
    size, sha256 = path.stat().st_size, file_sha256(path)
    edit_meta(folder, lambda meta: meta["shards"][0].update(bytes=size, sha256=sha256))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda a: a.update(state=a["state"].astype(np.float64)), "does not hold what meta.json says"),
        (lambda a: a.update(action=a["action"][:-1]), "does not hold what meta.json says"),
        (lambda a: a.pop("plan"), "does not hold what meta.json says"),
        (lambda a: a.update(more=a["plan"]), "does not hold what meta.json says"),
        (lambda a: a.update(episode_ends=a["episode_ends"][::-1].copy()), "do not cut its frames"),
        (lambda a: a.update(episode_ends=a["episode_ends"] - 1), "do not cut its frames"),
    ],
)
def test_a_consistent_lie_is_still_found_out(copy, change, sentence):
    with_arrays(copy, change)
    with pytest.raises(BczooError, match=rf"shard-00000.*{sentence}"):
        Demos.open(copy)


def test_a_shard_that_claims_to_be_huge_costs_nothing(copy):
    path = copy / "shard-00000.safetensors"
    header = json.dumps({"action": {"dtype": "F32", "shape": [2**60, 2], "data_offsets": [0, 2**63]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"0" * 64)
    edit_meta(copy, lambda meta: meta["shards"][0].update(bytes=path.stat().st_size, sha256=file_sha256(path)))
    with pytest.raises(BczooError, match=r"shard-00000.* is not a whole shard"):
        Demos.open(copy)


# ---- hostile meta.json


@pytest.mark.parametrize(
    "name",
    [
        "../shard-00000.safetensors",
        "/etc/passwd",
        "shard-00000.safetensors/../x",
        "a\0b",
        "shard-00000.safetensors\n",
    ],
)
def test_shard_names_cannot_leave_the_folder(copy, name):
    edit_meta(copy, lambda meta: meta["shards"][0].update(file=name))
    with pytest.raises(BczooError, match=r"meta\.json is damaged: .*file"):
        Demos.open(copy)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        '"x"',
        "{}",
        "[" * 10**5,
        '{"a": NaN}',
        "1" * 10**5,
        "\x00",
        '{"format": 2}',
    ],
)
def test_what_is_no_meta_at_all_is_refused(copy, text):
    (copy / "meta.json").write_text(text)
    with pytest.raises(BczooError, match=r"meta\.json is damaged"):
        read_meta(copy)


def test_bytes_that_are_no_text_and_a_folder_in_its_place_are_refused(copy):
    path = copy / "meta.json"
    path.write_bytes(b"\xff\xfe{")
    with pytest.raises(BczooError, match=r"meta\.json is damaged"):
        read_meta(copy)
    path.unlink()
    path.mkdir()
    with pytest.raises(BczooError, match=r"meta\.json is damaged"):
        read_meta(copy)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: m.update(demos="55"), r"'55' is not of type int @ \$\.demos"),
        (lambda m: m.update(frames=True), "True is not of type int"),
        (lambda m: m.pop("noise"), "noise"),
        (lambda m: m.update(extra=1), "unknown extra"),
        (lambda m: m.update(format=2), "format"),
        (lambda m: m["cameras"].update(front=[2**40, 2**40, 3]), "camera 'front' must have a shape"),
        (lambda m: m.update(frames=10**12), "frames and demos must be the sums"),
        (lambda m: m.update(successes=56), "successes cannot be more than demos"),
        (lambda m: m.update(successes=10**4000), r"number of 13288 bits is too large @ \$\.successes"),
        (lambda m: m["shards"][0].update(bytes=2**63), "number of 64 bits is too large"),
        (lambda m: m["shards"].reverse(), "numbered from 0"),
        (lambda m: m["action"]["low"].append(0.0), "low and high"),
        (lambda m: m["env"].pop("use"), "use"),
    ],
)
def test_mistakes_in_meta_are_named_by_their_place(copy, change, sentence):
    edit_meta(copy, change)
    with pytest.raises(BczooError, match=rf"meta\.json is damaged: .*{sentence}"):
        Demos.open(copy)
