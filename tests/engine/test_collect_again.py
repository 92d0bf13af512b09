"""Collecting into a folder that is already there: resumed if it answers the request, else left alone."""

import hashlib
import json
import shutil
from importlib.metadata import version
from types import SimpleNamespace

import pytest
from toy_env import Toy, ToyEnv, ask

from bczoo.card import component
from bczoo.engine.collect import collect
from bczoo.engine.demo_format import versions
from bczoo.errors import BczooError
from bczoo.hooks import hookimpl
from bczoo.plugins.envs import Push
from bczoo.registry import zoo


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


@component("env", "toy-simulated", f"{__name__}:SimulatedEnv")
class Simulated(Toy):
    """A dot that a library moves."""


class SimulatedEnv(ToyEnv):
    simulators = ("safetensors",)  # one that is surely installed


def offer_simulated(release):
    """Put the env into the zoo, as one of the distribution bczoo-dots."""
    zoo.cache_clear()
    zoo().add(SimpleNamespace(bczoo_components=hookimpl(lambda: (Simulated,))), "dots", "bczoo-dots", release)


@pytest.fixture
def simulated(tmp_path):
    """An interrupted collection of an env that names what it depends on, in release 1.0."""
    offer_simulated("1.0")
    folder = collect(ask(env=Simulated(), demos=30), tmp_path / "simulated", workers=1)
    yield folder
    zoo.cache_clear()


def test_an_envs_own_version_and_its_simulators_are_recorded_and_no_others(simulated):
    recorded = json.loads((simulated / "meta.json").read_text(encoding="utf-8"))["versions"]
    bases = {name: version(name) for name in ("bczoo", "gymnasium", "numpy")}
    assert recorded == bases | {"bczoo-dots": "1.0", "safetensors": version("safetensors")}


@pytest.mark.parametrize("newer", ["env", "simulator"])
def test_shards_of_another_env_or_simulator_are_not_mixed_in(simulated, monkeypatch, newer):
    (simulated / "meta.json").unlink()
    (simulated / "shard-00001.safetensors").unlink()
    if newer == "env":
        offer_simulated("1.1")
    else:
        now = {"safetensors": "99.0"}
        monkeypatch.setattr("bczoo.engine.env.version", lambda name: now.get(name) or version(name))
    with pytest.raises(BczooError, match=r"shard-00000.* collected with other versions"):
        collect(ask(env=Simulated(), demos=30), simulated, workers=1)


def test_an_interrupted_collection_of_the_same_versions_goes_on(simulated):
    (simulated / "meta.json").unlink()
    (simulated / "shard-00001.safetensors").unlink()
    collect(ask(env=Simulated(), demos=30), simulated, workers=1)
    assert (simulated / "meta.json").is_file()


def test_push_records_what_it_always_has():
    """So that a folder which was begun before envs named their simulators is gone on with."""
    assert sorted(versions(Push())) == ["bczoo", "gymnasium", "mujoco", "numpy"]


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
