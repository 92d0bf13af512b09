"""What `import bczoo` offers: everything a command does, imported when it is first used."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

import bczoo


@pytest.mark.parametrize("name", [name for name in bczoo.__all__ if name != "API_VERSION"])
def test_a_public_name_can_be_called_and_says_what_it_does(name):
    thing = getattr(bczoo, name)
    assert callable(thing)
    assert inspect.getdoc(thing)


def test_modules_of_like_names_do_not_take_the_place_of_functions():
    names = ("check", "collect", "compare", "evaluate", "resume", "sweep", "train")
    before = {name: getattr(bczoo, name) for name in names}
    for module in (
        "bczoo.cli.check",
        "bczoo.cli.compare",
        "bczoo.checks",
        *(f"bczoo.engine.{name}" for name in names[1:]),
    ):
        import_module(module)
    assert {name: getattr(bczoo, name) for name in names} == before


def test_the_names_are_listed_once_and_in_order():
    assert list(bczoo.__all__) == sorted(bczoo._HOMES)


def test_importing_bczoo_imports_nothing_heavy():
    program = "import sys, bczoo; sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'cattrs')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
