"""The pytest plugin, as a third-party package uses it."""

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["bczoo.testing.plugin"]'
TEST = """
from bczoo.testing import check_component

def test_contract(bczoo_part):
    check_component(bczoo_part)
"""


def run(pytester, settings):
    pytester.makeconftest(CONFTEST)
    pytester.makepyprojecttoml(f"[tool.pytest.ini_options]\n{settings}")
    pytester.makepyfile(TEST)
    return pytester.runpytest_subprocess("-v")


def test_every_part_of_the_named_plugin_is_one_test(pytester):
    result = run(pytester, 'bczoo_plugin = "losses"')
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*test_contract[[]loss-huber[]]*", "*loss-l1*", "*loss-mse*"])


def test_a_plugin_that_is_not_there_is_an_error_not_an_empty_run(pytester):
    result = run(pytester, 'bczoo_plugin = "lossy"')
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*lossy*"])
