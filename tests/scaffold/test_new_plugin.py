"""A new plugin of every kind is a sound package: it is found, tests itself, and fits into a spec, as it is."""

import runpy
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import version
from itertools import pairwise

import pytest

from bczoo import API_VERSION, load_spec
from bczoo.card import card_of
from bczoo.errors import BczooError, InputError
from bczoo.kinds import KINDS
from bczoo.scaffold.plugin import new_plugin

every_kind = pytest.mark.parametrize("kind", KINDS)


def files_in(folder):
    """What was written; not what Python leaves of modules that another test has imported."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted(str(path.relative_to(folder)) for path in files)


def settings(command):
    """What a `bczoo train` command says after its --set options."""
    words = shlex.split(command)
    return [value for option, value in pairwise(words) if option == "--set"]


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_it_is_a_complete_package(tmp_path):
    made = new_plugin("bczoo-two-eyes", "backbone", tmp_path)
    assert made.folder == tmp_path / "bczoo-two-eyes"
    assert list(tmp_path.iterdir()) == [made.folder]
    assert files_in(made.folder) == [
        "README.md",
        "pyproject.toml",
        "src/bczoo_two_eyes/__init__.py",
        "src/bczoo_two_eyes/two_eyes_net.py",
        "tests/test_contract.py",
    ]
    project = tomllib.loads((made.folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = version("bczoo")
    assert project["name"] == "bczoo-two-eyes"
    assert project["dependencies"] == [f"bczoo>={own},<{int(own.split('.')[0]) + 1}"]
    assert project["entry-points"] == {"bczoo": {"bczoo_two_eyes": "bczoo_two_eyes"}}
    assert f'BCZOO_API = "{API_VERSION}"' in (made.folder / "src/bczoo_two_eyes/__init__.py").read_text()


def test_its_files_are_called_for_what_they_may_import(tmp_path):
    for kind, code in {"env": "dot_env.py", "callback": "dot.py", "loss": "dot_net.py"}.items():
        folder = new_plugin("dot", kind, tmp_path / kind).folder
        assert (folder / "src" / "bczoo_dot" / code).is_file()


def test_ruff_finds_nothing_to_say_however_long_the_name_is(tmp_path):
    for name in ("x", "bczoo-two-eyes", "a-name-that-is-longer-than-names-should-be"):
        for kind in KINDS:
            new_plugin(name, kind, tmp_path / kind)
    run(sys.executable, "-m", "ruff", "format", "--check", "--no-cache", ".", cwd=tmp_path)
    rules = "B,C4,D1,E,F,I,PTH,RET,SIM,UP,W"
    # The names of tests say what they are, and dunder methods explain themselves.
    unsaid = ["--per-file-ignores", "**/tests/*:D103", "--ignore", "D107"]
    run(sys.executable, "-m", "ruff", "check", "--no-cache", "--extend-select", rules, *unsaid, ".", cwd=tmp_path)


@every_kind
def test_no_placeholder_is_left(made, kind):
    folder = made[kind].folder
    assert [name for name in files_in(folder) if "$" in name + (folder / name).read_text(encoding="utf-8")] == []


@every_kind
def test_its_own_test_finds_one_part_and_passes(made, kind, put):
    put(made[kind].folder)
    own = runpy.run_path(str(made[kind].folder / "tests" / "test_contract.py"))
    test = own["test_the_part_keeps_the_contract"]
    _, parts = test.pytestmark[0].args
    assert [(part.kind, part.name, part.dist) for part in parts] == [(kind, f"new_{kind}", f"bczoo-new-{kind}")]
    test(parts[0])


@every_kind
def test_the_printed_training_uses_the_part(made, kind, put):
    put(made[kind].folder)
    *_, train = made[kind].commands
    assert shlex.split(train)[:4] == ["bczoo", "train", "--spec", "bc_cnn"]
    spec = load_spec("bc_cnn", settings(train))
    used = {
        card_of(part).name
        for part in (
            *(spec.policy.backbone, spec.policy.temporal, spec.policy.head, spec.policy.action, spec.loss),
            *(spec.train.optimizer, spec.train.schedule, spec.env, *spec.data.augment, *spec.callbacks),
        )
    }
    assert f"new_{kind}" in used
    assert spec.train.steps == 2


@every_kind
def test_the_readmes_table_chooses_the_part(made, kind, put):
    put(made[kind].folder)
    readme = (made[kind].folder / "README.md").read_text(encoding="utf-8")
    table = tomllib.loads(readme.partition("```toml\n")[2].partition("```")[0])
    while "use" not in table:
        table = next(iter(table.values())) if isinstance(table, dict) else table[0]
    assert table == {"use": f"new_{kind}"}


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    mine = tmp_path / "fourier" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("precious", encoding="utf-8")
    with pytest.raises(InputError, match=r"fourier exists and will not be overwritten; choose another name"):
        new_plugin("fourier", "head", tmp_path)
    assert files_in(tmp_path) == ["fourier/notes.txt"]


def test_a_part_that_is_installed_is_not_written_again(tmp_path, made, put):
    own = version("bczoo")
    with pytest.raises(InputError, match=f"backbone 'cnn' is already offered by bczoo {own}; choose another name"):
        new_plugin("bczoo-cnn", "backbone", tmp_path)
    put(made["head"].folder)
    with pytest.raises(InputError, match=r"head 'new_head' is already offered by bczoo-new-head 0\.1\.0"):
        new_plugin("new_head", "head", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_neither_is_a_distribution_of_that_name_with_other_parts(tmp_path, made, put):
    put(made["head"].folder)
    said = r"a distribution bczoo-new-head 0\.1\.0 is already installed; choose another name"
    with pytest.raises(InputError, match=said):
        new_plugin("bczoo-new-head", "loss", tmp_path)


def test_a_kind_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(InputError, match="no kind 'backbon'; did you mean 'backbone'"):
        new_plugin("fourier", "backbon", tmp_path)


def test_where_nothing_can_be_written_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BczooError, match=r"cannot write .*fourier: .*; choose a folder you may write with --into"):
        new_plugin("fourier", "head", tmp_path / "file")
    assert files_in(tmp_path) == ["file"]


def test_a_failure_half_way_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.rename", fail)
    with pytest.raises(BczooError, match="No space left on device"):
        new_plugin("fourier", "head", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_pip_installs_it_and_two_steps_are_trained(tmp_path, monkeypatch):
    """Without a network: setuptools is borrowed, and bczoo is there already."""
    made = new_plugin("bczoo-new-backbone", "backbone", tmp_path)
    site = tmp_path / "site"
    borrowed = ["--no-build-isolation", "--no-deps", "--no-index", "--quiet", "--target", str(site)]
    run(sys.executable, "-m", "pip", "install", *borrowed, str(made.folder), cwd=tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(site))
    assert "1 passed" in run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(made.folder), cwd=tmp_path)
    *_, train = made.commands
    run(sys.executable, "-m", *shlex.split(train), "--quiet", "--run", "two", cwd=tmp_path)
    assert (tmp_path / "runs" / "two" / "policy.safetensors").is_file()
