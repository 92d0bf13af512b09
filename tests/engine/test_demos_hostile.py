"""Folders of demonstrations made to hang, mislead or flood whoever opens them."""

import json
import os

import pytest
from test_demos_damage import with_arrays
from toy_env import ask, edit_meta

from bczoo.engine.collect import collect
from bczoo.engine.data_info import inspect
from bczoo.engine.demo_meta import file_sha256, read_meta
from bczoo.engine.demos import Demos
from bczoo.errors import BczooError

FIRST = "shard-00000.safetensors"


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/dev/zero"), os.mkfifo], ids=["endless", "pipe"])
def test_a_meta_that_never_ends_is_not_waited_for(copy, make):
    (copy / "meta.json").unlink()
    make(copy / "meta.json")
    with pytest.raises(BczooError, match=r"meta\.json is damaged: it is no file"):
        read_meta(copy)


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/dev/zero"), os.mkfifo], ids=["endless", "pipe"])
def test_a_shard_that_never_ends_is_not_waited_for(copy, make):
    (copy / FIRST).unlink()
    make(copy / FIRST)
    with pytest.raises(BczooError, match=rf"{FIRST} has 0 bytes instead of"):
        Demos.open(copy)


@pytest.mark.parametrize("verify", [True, False])
def test_a_folder_in_the_place_of_a_shard_is_refused(copy, verify):
    (copy / FIRST).unlink()
    (copy / FIRST).mkdir()
    size = (copy / FIRST).stat().st_size
    edit_meta(copy, lambda meta: meta["shards"][0].update(bytes=size))
    with pytest.raises(BczooError, match=FIRST):
        Demos.open(copy, verify=verify)


def test_a_link_out_of_the_folder_is_no_way_to_read_another_file(copy, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("nobody's business " * 99)
    (copy / FIRST).unlink()
    (copy / FIRST).symlink_to(secret)
    edit_meta(copy, lambda meta: meta["shards"][0].update(bytes=secret.stat().st_size, sha256=file_sha256(secret)))
    with pytest.raises(BczooError, match=f"{FIRST} is not a whole shard") as caught:
        Demos.open(copy)
    assert "business" not in str(caught.value)


def test_episode_ends_whose_differences_wrap_round_are_found_out(copy):
    def wrap(arrays):
        ends = arrays["episode_ends"]
        ends[:3] = 1, -(2**63), -1

    with_arrays(copy, wrap)
    with pytest.raises(BczooError, match="do not cut its frames"):
        Demos.open(copy)


@pytest.mark.parametrize("name", ["state", "action", "plan"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_named(copy, name, value):
    with_arrays(copy, lambda arrays: arrays[name].__setitem__(0, value))
    with pytest.raises(BczooError, match=rf"{FIRST}: '{name}' holds numbers that are not finite"):
        Demos.open(copy)


def test_a_thousand_missing_files_are_counted_rather_than_listed(copy):
    def claim(meta):
        shard = meta["shards"][1]
        names = [f"shard-{index:05d}.safetensors" for index in range(1000)]
        meta.update(shards=[shard | {"file": name} for name in names])
        meta.update(frames=1000 * shard["frames"], demos=1000 * shard["episodes"])

    edit_meta(copy, claim)
    with pytest.raises(BczooError, match=r"(?s)shard-00003.* is missing.*\nand \d+ more$") as caught:
        Demos.open(copy)
    assert str(caught.value).count("\n") == 20


def test_a_meta_that_is_far_too_long_is_not_read(copy):
    with (copy / "meta.json").open("a") as file:
        file.truncate(10**12)  # sparse: it takes no room
    with pytest.raises(BczooError, match="it is larger than"):
        read_meta(copy)


def test_what_a_folder_says_of_itself_cannot_command_a_terminal_or_flood_it(copy):
    edit_meta(copy, lambda meta: meta["env"].update({"\x1b[2J\n" + "x" * 10**6: ["\x1b]0;mine\a", "y" * 10**6]}))
    table, _ = inspect(copy)
    assert "\x1b" not in table
    assert "\\x1b[2J x" in table
    assert len(table) < 20_000


def test_nested_headers_do_not_exhaust_the_stack_when_collection_is_resumed(copy):
    header = json.dumps({"__metadata__": {"bczoo": "[" * 10**5}}).encode()
    (copy / "meta.json").unlink()
    (copy / FIRST).write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(BczooError, match=FIRST):
        collect(ask(), copy, workers=1)
