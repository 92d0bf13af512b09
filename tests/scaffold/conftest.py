"""New plugins for tests: written once for all of them, and put where Python finds them as if pip had."""

import importlib
import sys
import tomllib

import pytest

from bczoo.installed import points
from bczoo.kinds import KINDS
from bczoo.registry import zoo
from bczoo.scaffold.plugin import new_plugin


def name_of(kind):
    """Two words, so that distribution, module, part and class are all spelt differently."""
    return f"bczoo-new-{kind}"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A new plugin of every kind."""
    into = tmp_path_factory.mktemp("made")
    return {kind: new_plugin(name_of(kind), kind, into) for kind in KINDS}


@pytest.fixture
def put(monkeypatch):
    """`put(folder)` installs the distribution in that folder as its own pyproject.toml says, for this test."""
    modules = []

    def install(folder):
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        offered = project["entry-points"]["bczoo"]
        info = folder / "src" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        if not info.exists():
            info.mkdir()
            head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
            (info / "METADATA").write_text(head, encoding="utf-8")
            lines = ["[bczoo]", *(f"{name} = {value}" for name, value in offered.items())]
            (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        monkeypatch.syspath_prepend(folder / "src")
        monkeypatch.setenv("PYTHONPATH", str(folder / "src"))
        modules.extend(offered.values())
        importlib.invalidate_caches()
        points.cache_clear()
        zoo.cache_clear()

    yield install
    points.cache_clear()
    zoo.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] in modules]:
        del sys.modules[name]
