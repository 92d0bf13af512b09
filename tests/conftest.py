"""What tests of several folders share: calling the command line, and pretending that a plugin is installed."""

import importlib
import os
import subprocess
import sys
from textwrap import dedent
from types import SimpleNamespace

import pytest
from hypothesis import settings

from bczoo.api import API_VERSION
from bczoo.cli import main
from bczoo.installed import points
from bczoo.registry import zoo

# Of several test processes, each with as many threads as there are cores, all would wait for each other; torch reads it
# when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same cases in every run, so that none fails by chance; `pytest --hypothesis-profile=thorough` tries twenty
# times as many, and others each time.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("steady")


@pytest.fixture
def run_cli(tmp_path):
    """`python -m bczoo ARGS` as a user runs it: a process of its own, an empty folder, nobody at the keyboard."""

    def run(*args, **kwargs):
        settings = {"cwd": tmp_path, "stdin": subprocess.DEVNULL, "text": True, "timeout": 120, "check": False}
        if "stdout" not in kwargs:
            settings["capture_output"] = True
        return subprocess.run([sys.executable, "-m", "bczoo", *args], **settings | kwargs)

    return run


@pytest.fixture
def call_cli(tmp_path, monkeypatch, capsys):
    """The same within this process, which is faster: exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    # Wide enough that no sentence of a table is wrapped.
    monkeypatch.setenv("COLUMNS", "400")

    def call(*args):
        monkeypatch.setattr(sys, "argv", ["bczoo", *args])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return SimpleNamespace(returncode=end.value.code, stdout=said.out, stderr=said.err)

    return call


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Make a module look like an installed distribution, here and in every process started from here.

    `install("bczoo_x", source)` is what pip would leave of bczoo-x 1.2 with the entry point `bczoo_x = "bczoo_x"`,
    written for the plugin API `api`.
    """
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    modules = []

    def put(module, source, *, dist=None, plugin=None, api=API_VERSION):
        says = "" if api is None else f"BCZOO_API = {api!r}\n"
        (site / f"{module}.py").write_text(says + dedent(source), encoding="utf-8")
        info = site / f"{module}-1.2.dist-info"
        info.mkdir()
        name = dist or module.replace("_", "-")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[bczoo]\n{plugin or module} = {module}\n", encoding="utf-8")
        modules.append(module)
        importlib.invalidate_caches()
        points.cache_clear()
        zoo.cache_clear()

    yield put
    points.cache_clear()
    zoo.cache_clear()
    for module in modules:
        sys.modules.pop(module, None)
