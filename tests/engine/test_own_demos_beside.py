"""Recordings of one's own beside demonstrations that were collected: opened and trained on, and never confused."""

import json

import pytest
from specs import toy_spec
from test_own_demos import episode, write
from toy_env import Mute, ask

import bczoo
from bczoo.engine.collect import collect
from bczoo.engine.data_info import inspect
from bczoo.engine.demo_meta import read_meta
from bczoo.engine.demonstrate import find_demos
from bczoo.engine.demos import Demos
from bczoo.errors import BczooError


def test_they_are_trained_on_without_a_word_about_what_an_expert_would_be_asked_for(tmp_path, runs, caplog):
    made = write(tmp_path / "mine", *map(episode, range(4)))
    spec = toy_spec(made, env={"use": "toy", "radius": 0.7}, train={"epochs": 1}, eval={"episodes": 2})
    assert find_demos(spec, show=False).episodes == 4
    assert caplog.text == ""
    assert bczoo.train(spec, run="r", show=False).report.episodes == 2


def test_they_must_be_what_the_env_shows_all_the_same(tmp_path, runs):
    made = write(tmp_path / "mine", episode())
    with pytest.raises(BczooError, match="camera 'left' is missing there"):
        bczoo.train(toy_spec(made, env={"use": "toy", "cameras": ["front", "left"]}), run="r", show=False)


def test_data_info_says_that_they_are_ones_own(tmp_path, folder):
    table, mistakes = inspect(write(tmp_path / "mine", episode()))
    assert mistakes == []
    assert "recorded        elsewhere, not with the env's expert" in table.splitlines()
    assert not any(line.startswith(("noise ", "seed ", "failures ")) for line in table.splitlines())
    assert "recorded " not in inspect(folder)[0]


def test_nobody_is_told_to_collect_them_again(tmp_path):
    made = write(tmp_path / "mine", *map(episode, range(30)))
    shard = made / "shard-00001.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(BczooError, match=r"has .* bytes instead of .*; delete it and put a copy in its place$"):
        Demos.open(made)
    shard.unlink()
    with pytest.raises(BczooError, match=r"is missing; put a copy in its place$"):
        Demos.open(made)


def test_collecting_never_takes_them_for_its_own(tmp_path):
    made = write(tmp_path / "mine", episode(), env=Mute())
    request = ask(env=Mute(), demos=1, noise=0.0, plan=0, seed=0, keep_failures=True)
    assert read_meta(made).request() == request.table()
    with pytest.raises(BczooError, match="mine holds demonstrations that were recorded elsewhere; choose another"):
        collect(request, made)


def test_collected_folders_are_what_they_were_and_open_as_they_did(folder):
    assert "recorded_elsewhere" not in json.loads((folder / "meta.json").read_text())
    assert read_meta(folder).recorded_elsewhere is False
