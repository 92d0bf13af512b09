"""The example of the contract page is a plugin that works, as it is printed there."""

import importlib
import re
import sys
import tomllib
from pathlib import Path

import pytest

from bczoo.engine.assembly import probe
from bczoo.installed import points
from bczoo.plugins.actions import Cartesian
from bczoo.plugins.heads import Mlp
from bczoo.plugins.temporal import NoTemporal
from bczoo.registry import zoo
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec

PAGE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:python|toml)\n(.*?)^```$", PAGE, flags=re.M | re.S)


def block(start):
    """The one block of code that begins so."""
    (found,) = (text for text in BLOCKS if text.startswith(start))
    return found


@pytest.fixture
def pixels(tmp_path, monkeypatch):
    """The printed package, as pip would leave it."""
    package, info = tmp_path / "my_package", tmp_path / "my_package-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text(block("# my_package/__init__.py"), encoding="utf-8")
    (package / "net.py").write_text(block("# my_package/net.py"), encoding="utf-8")
    project = tomllib.loads(block("# pyproject.toml of the package"))["project"]
    lines = [f"{name} = {value}" for name, value in project["entry-points"]["bczoo"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[bczoo]", *lines]), encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    points.cache_clear()
    zoo.cache_clear()
    yield zoo().get("backbone", "pixels")
    points.cache_clear()
    zoo.cache_clear()
    for name in ("my_package", "my_package.net"):
        sys.modules.pop(name, None)


def test_its_own_test_runs_and_passes(pixels):
    own = {}
    exec(block("from bczoo.testing import"), own)
    test = own["test_my_parts_keep_the_contract"]
    (mark,) = test.pytestmark
    assert mark.args[1] == [pixels]
    test(pixels)


def test_it_fits_into_a_policy(pixels):
    spec = PolicySpec(backbone=pixels.options(), temporal=NoTemporal(), head=Mlp(), action=Cartesian())
    obs = Obs(steps=1, images={"front": (16, 20, 3), "wrist": (8, 8, 3)}, state=0)
    rows = probe(spec, obs, Action(size=2, low=(-1.0, -1.0), high=(1.0, 1.0)))
    assert (rows[0].use, rows[0].gives) == ("pixels", "1x2x3")
