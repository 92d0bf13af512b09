"""Where a spec's demonstrations are looked for, and what is said of those that are found."""

import shutil
from pathlib import Path

import pytest
from specs import toy_spec

import bczoo
from bczoo.engine.demo_format import META
from bczoo.engine.demonstrate import find_demos, folder_of
from bczoo.engine.experiment import resume, train

SMALL = {"demos": 3, "path": "mine"}


def test_demonstrations_that_were_asked_for_are_used_in_silence(folder, runs, caplog):
    assert find_demos(toy_spec(folder), show=False).episodes == 55
    assert caplog.text == ""


def test_what_a_folder_holds_otherwise_than_the_spec_asks_is_named(folder, runs, caplog):
    spec = toy_spec(folder, data={"demos": 500, "noise": 0.0}, env={"use": "toy", "radius": 0.5})
    assert find_demos(spec, show=False).episodes == 55
    assert f"{folder} holds other demonstrations than the spec asks for, and they are used: " in caplog.text
    assert "data.demos is 55 there, not 500, data.noise is 0.3 there, not 0.0, env.radius is 0.2" in caplog.text
    assert "data.seed" not in caplog.text


def test_of_another_env_only_its_name_is_said(folder, runs, caplog):
    find_demos(toy_spec(folder, env={"use": "push"}), show=False)
    assert "used: env.use is 'toy' there, not 'push'" in caplog.text


def test_a_tilde_is_the_home_folder(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert folder_of(toy_spec("~/demos")) == tmp_path / "home" / "demos"
    made = bczoo.collect(toy_spec("~/demos", data={"demos": 2}), workers=1, show=False)
    assert made == tmp_path / "home" / "demos"
    assert (made / META).is_file()
    assert not Path("~").exists()


def test_collect_goes_where_it_is_told_and_train_finds_it(runs, caplog):
    spec = toy_spec("", data={"demos": 2, "path": None})
    assert bczoo.collect(spec, workers=1, show=False) == folder_of(spec)
    assert bczoo.collect(spec, out="elsewhere", workers=1, show=False) == Path("elsewhere")
    caplog.clear()
    assert find_demos(spec, show=False).folder == folder_of(spec)
    assert caplog.text == ""


@pytest.mark.parametrize("left", [True, False], ids=["there", "gone"])
def test_a_run_resumed_from_another_folder_uses_the_demonstrations_where_it_was_started(
    runs, tmp_path, monkeypatch, left
):
    with monkeypatch.context() as patch:
        patch.setattr("bczoo.engine.experiment.judge", lambda *_: (_ for _ in ()).throw(SystemError("power cut")))
        with pytest.raises(SystemError):
            train(toy_spec("mine", data=SMALL, train={"epochs": 1}), run="r", show=False)
    if not left:
        shutil.rmtree(tmp_path / "mine")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert resume(tmp_path / "runs" / "r", show=False).report is not None
    assert (tmp_path / "mine" / META).is_file()
    assert list((tmp_path / "other").iterdir()) == []


def test_a_run_that_was_moved_is_resumed_with_the_demonstrations_that_are_here(runs, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("bczoo.engine.experiment.judge", lambda *_: (_ for _ in ()).throw(SystemError("power cut")))
        with pytest.raises(SystemError):
            train(toy_spec("mine", data=SMALL, train={"epochs": 1}), run="r", show=False)
    moved = tmp_path / "old" / "archive" / "r"
    moved.parent.mkdir(parents=True)
    shutil.move(tmp_path / "runs" / "r", moved)
    shutil.rmtree(tmp_path / "mine")
    resume(moved, show=False)
    assert (tmp_path / "mine" / META).is_file()
