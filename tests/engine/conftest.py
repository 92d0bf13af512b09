"""Demonstrations of the toy env, collected once."""

import shutil
from contextlib import contextmanager

import pytest
from listening import PowerCut, at, die
from specs import toys
from toy_env import ask

from bczoo.engine.collect import collect
from bczoo.engine.demos import Demos
from bczoo.engine.experiment import train


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A complete folder with plans; copy it before changing it."""
    return collect(ask(), tmp_path_factory.mktemp("demos") / "planned", workers=1)


@pytest.fixture(scope="session")
def demos(folder):
    return Demos.open(folder)


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """Demonstrations without plans."""
    return Demos.open(collect(ask(plan=0), tmp_path_factory.mktemp("demos") / "plain", workers=1))


@pytest.fixture
def copy(folder, tmp_path):
    """A folder of one's own to damage."""
    return shutil.copytree(folder, tmp_path / "copy")


@pytest.fixture
def toy_zoo():
    """The installed zoo and the toy env."""
    with toys() as known:
        yield known


@pytest.fixture
def overheard(toy_zoo):
    """`with overheard(observer):` lets one more observer hear the runs that are trained there."""

    @contextmanager
    def hear(observer):
        toy_zoo.manager.register(observer, "overheard")
        try:
            yield observer
        finally:
            toy_zoo.manager.unregister(observer)

    return hear


@pytest.fixture
def runs(tmp_path, monkeypatch, toy_zoo):
    """An empty folder to train in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


@pytest.fixture
def crash(overheard):
    """Train `spec` as run `name` until it dies at step `step`, in the middle of it or where the hook is told."""

    def run(spec, name, step, hook="bczoo_step_end"):
        with overheard(at(step, die, hook)), pytest.raises(PowerCut):
            train(spec, run=name, show=False)

    return run
