"""Commands that plugins bring: shown by --help, imported when called, and never in the way of bczoo's own."""

import pytest

GREET = """
    import click
    from bczoo import Command, hookimpl

    @hookimpl
    def bczoo_commands():
        return [Command("greet", "Say hello.", "{target}")]
"""
IMPL = '''
    import click

    @click.command()
    @click.option("--to", default="world")
    def greet(to):
        """Say hello."""
        click.echo(f"hello, {to}")
'''


@pytest.fixture
def greet(install):
    def put(target="bczoo_greet_impl:greet", impl=IMPL):
        install("bczoo_greet", GREET.format(target=target))
        install("bczoo_greet_impl", impl, plugin="greet_impl")

    return put


def test_it_is_in_the_help_without_being_imported(greet, call_cli):
    greet(target="not_there:greet")
    done = call_cli("--help")
    assert "greet    Say hello." in done.stdout
    assert done.returncode == 0


def test_it_is_called_with_its_options(greet, call_cli):
    greet()
    done = call_cli("greet", "--to", "you")
    assert (done.returncode, done.stdout) == (0, "hello, you\n")


def test_its_own_help_is_its_own(greet, call_cli):
    greet()
    assert "--to TEXT" in call_cli("greet", "--help").stdout


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("not_there:greet", "cannot be loaded from not_there:greet: ModuleNotFoundError: No module named 'not_there'"),
        ("bczoo_greet_impl:IMPL", "cannot be loaded from bczoo_greet_impl:IMPL: AttributeError:"),
        ("bczoo_greet_impl:click", "bczoo_greet_impl:click is no click command"),
    ],
)
def test_one_that_cannot_be_loaded_is_named_and_hurts_no_other(greet, call_cli, target, reason):
    greet(target=target)
    done = call_cli("greet")
    assert done.returncode == 1
    assert done.stderr.startswith("error: command 'greet'")
    assert reason in done.stderr
    assert call_cli("list").returncode == 0


def test_a_mistyped_one_is_suggested(greet, call_cli):
    greet()
    assert "no command 'great'; did you mean 'greet'?" in call_cli("great").stderr


def test_a_plugin_that_raises_takes_neither_help_nor_list_nor_check_down(install, call_cli):
    install("bczoo_bad", "1 / 0")
    for words in (["--help"], ["list"], ["check", "--spec", "bc_cnn"]):
        assert call_cli(*words).returncode == 0
