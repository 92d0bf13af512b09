"""A pytest plugin: a test that takes `bczoo_part` runs once for every part of a package.

In the package's conftest.py:  pytest_plugins = ["bczoo.testing.plugin"]
In its pyproject.toml:         [tool.pytest.ini_options]
                               bczoo_plugin = "my_package"      # its entry point's name; left out: all parts
In a test:                     def test_contract(bczoo_part): check_component(bczoo_part)
"""

import pytest

from bczoo.testing import parts_of


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting `bczoo_plugin`."""
    parser.addini("bczoo_plugin", "name of the plugin whose parts `bczoo_part` stands for", default="")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `bczoo_part` for every part."""
    if "bczoo_part" in metafunc.fixturenames:
        parts = parts_of(metafunc.config.getini("bczoo_plugin") or None)
        metafunc.parametrize("bczoo_part", parts, ids=lambda card: f"{card.kind}-{card.name}")
