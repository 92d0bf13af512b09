"""Nothing that a folder of demonstrations can hold hurts: it opens and can be read, or is refused with a sentence."""

import json
import shutil

import pytest
import torch
from fuzzing import broken, cases, container, outcome, spoilt
from hypothesis import given
from hypothesis import strategies as st

from bczoo.engine.data_info import inspect
from bczoo.engine.demo_meta import damage, file_sha256, read_meta
from bczoo.engine.demos import Demos
from bczoo.errors import printable

SHARD = "shard-00001.safetensors"


@pytest.fixture(scope="module")
def mine(folder, tmp_path_factory):
    """A copy of one's own; every case writes one file of it anew."""
    return shutil.copytree(folder, tmp_path_factory.mktemp("fuzz") / "mine")


def reads(demos):
    """Whether opened demonstrations hold together: every index leads somewhere."""
    everything = torch.arange(demos.episodes)
    frames = demos.frames_of(everything)
    assert torch.equal(frames, torch.arange(demos.frames))
    for camera in demos.cameras:
        assert demos.gather_images(camera, frames[-3:]).shape == (3, *demos.cameras[camera])
    return all(value.isfinite().all() for table in demos.statistics(everything).values() for value in table.values())


def write_meta(folder, meta):
    (folder / "meta.json").write_text(json.dumps(meta))


def looked_at(folder):
    """Everything that reads the folder; each in its own words, or not at all."""
    table = outcome(inspect, folder)
    assert table is None or printable(table[0]) == table[0]
    assert table is None or max(map(len, table[0].splitlines())) < 500
    demos = outcome(lambda path: Demos.open(path, verify=False), folder)
    assert demos is None or reads(demos)


@cases(120)
@given(data=st.data())
def test_a_lying_meta_is_refused_or_harmless(folder, mine, data):
    meta = json.loads((folder / "meta.json").read_text())
    write_meta(mine, data.draw(spoilt(meta)))
    looked_at(mine)


@cases(100)
@given(data=st.data())
def test_a_damaged_meta_is_refused_or_harmless(folder, mine, data):
    content = (folder / "meta.json").read_bytes()
    (mine / "meta.json").write_bytes(data.draw(broken(content, 0, len(content))))
    looked_at(mine)


@cases(100)
@given(data=st.data())
def test_damage_to_a_shard_is_noticed(folder, mine, data):
    content = (folder / SHARD).read_bytes()
    shutil.copy(folder / "meta.json", mine)
    (mine / SHARD).write_bytes(data.draw(broken(content, 0, len(content))))
    assert outcome(Demos.open, mine) is None
    assert any(SHARD in sentence for sentence in damage(mine, read_meta(mine), verify=True))
    demos = outcome(lambda path: Demos.open(path, verify=False), mine)
    assert demos is None or torch.equal(demos.frames_of(torch.arange(demos.episodes)), torch.arange(demos.frames))


@cases(120)
@given(data=st.data())
def test_a_lying_shard_that_meta_agrees_with_is_refused_or_harmless(folder, mine, data):
    content = (folder / SHARD).read_bytes()
    length = int.from_bytes(content[:8], "little")
    table = data.draw(spoilt(json.loads(content[8 : 8 + length])))
    body = data.draw(broken(content[8 + length :], 0, 400)) if data.draw(st.booleans()) else content[8 + length :]
    (mine / SHARD).write_bytes(container(table, body))
    meta = json.loads((folder / "meta.json").read_text())
    meta["shards"][1] |= {"bytes": (mine / SHARD).stat().st_size, "sha256": file_sha256(mine / SHARD)}
    write_meta(mine, meta)
    looked_at(mine)
