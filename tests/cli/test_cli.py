"""The command line: what it prints, how it fails, and that it never waits for an answer."""

import os
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from bczoo import load_spec
from bczoo.cli import main
from bczoo.commands import OWN_COMMANDS
from bczoo.describe import options_of
from bczoo.registry import zoo
from bczoo.specfile import recipes

MADE_WITH = f"bczoo {version('bczoo')}"


def row(*cells):
    """A pattern for a line of a table."""
    return re.compile(rf"^{' {2,}'.join(map(re.escape, cells))} *$", re.MULTILINE)


def test_python_m_bczoo_is_the_command_line(run_cli):
    done = run_cli("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{MADE_WITH}\n", "")


def test_help_lists_every_command(call_cli):
    done = call_cli("--help")
    assert done.returncode == 0
    assert re.findall(r"^  (\w+)  +[A-Z]", done.stdout, re.MULTILINE) == list(OWN_COMMANDS)


@pytest.mark.parametrize("command", OWN_COMMANDS)
def test_every_command_has_help(call_cli, command):
    done = call_cli(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: bczoo {command}")


def test_a_misspelt_key_is_one_line_with_the_key_that_was_meant(run_cli, tmp_path):
    (tmp_path / "bc_cnn.toml").write_text(recipes()["bc_cnn"], encoding="utf-8")
    done = run_cli("train", "--spec", "bc_cnn.toml", "--set", "policy.bakbone.pool=avg")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "error: --set policy.bakbone.pool=avg: policy.bakbone: unknown key; did you mean 'backbone'?\n"
    )


def test_every_mistake_of_a_spec_is_a_line_of_its_own(call_cli):
    done = call_cli("check", "--spec", "bc_cnn", "--set", "seed=x", "--set", "env.width=0")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: --set seed=x: seed: expected a whole number, got 'x'",
        "error: --set env.width=0: env.width: must be >= 8: 0",
    ]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["trian"], "no command 'trian'; did you mean 'train'?"),
        (["list", "backbon"], "no kind 'backbon'; did you mean 'backbone'?"),
        (["show", "head"], "Missing argument 'NAME'"),
        (["train"], "say what to train with --spec FILE|RECIPE, or go on with a run with --resume FOLDER"),
        (["train", "--resume", "runs/r", "--spec", "x"], "--resume goes on with the run's own spec"),
        (["train", "--spec", "bc_cnn", "--workers", "2"], "No such option '--workers'"),
        (["collect", "--spec", "bc_cnn", "--workers", "0"], "0 is not in the range x>=1"),
    ],
)
def test_wrong_usage_shows_the_usage_and_the_mistake(call_cli, args, said):
    done = call_cli(*args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Usage: bczoo ")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["show", "head", "mpl"], "no head called 'mpl'; did you mean 'mlp'?"),
        (["recipes", "bc_cn"], "no recipe called 'bc_cn'; did you mean 'bc_cnn"),
        (["train", "--spec", "mine.toml"], "no spec file 'mine.toml' here and no recipe of that name; "),
        (["collect", "--spec", "bc_cnn", "--set", "seed"], "--set seed: write it as key.path=value"),
        (
            ["train", "--spec", "bc_cnn", "--set", "loss.use=hubr"],
            "--set loss.use=hubr: loss.use: no loss called 'hubr'",
        ),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(call_cli, args, said):
    done = call_cli(*args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {said}")
    assert done.stderr.count("\n") == 1


def test_what_cannot_be_done_is_one_line_and_no_success(call_cli, tmp_path):
    done = call_cli("eval", str(tmp_path / "nothing.safetensors"))
    assert done.returncode in (1, 2)
    assert re.fullmatch(r"error: .*nothing\.safetensors: no such file.*\n", done.stderr)


def test_an_existing_run_is_refused_without_asking(call_cli, tmp_path):
    mine = tmp_path / "runs/mine/policy.safetensors"
    mine.parent.mkdir(parents=True)
    mine.write_text("precious", encoding="utf-8")
    done = call_cli("train", "--spec", "bc_cnn", "--run", "mine", "--quiet")
    assert done.returncode == 2
    assert "exists and will not be overwritten; choose another name with --run" in done.stderr
    assert mine.read_text(encoding="utf-8") == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_an_interruption_is_one_line_and_exit_code_130(call_cli, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("bczoo.registry.zoo", interrupt)
    done = call_cli("list")
    assert done.returncode == 130
    assert done.stderr.strip() == "interrupted; files that were complete are intact"


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail():
        raise RuntimeError("a bug")

    monkeypatch.setattr("bczoo.registry.zoo", fail)
    monkeypatch.setattr(sys, "argv", ["bczoo", "list"])
    with pytest.raises(RuntimeError, match="a bug"):
        main()


def test_list_shows_every_part_with_where_it_came_from(call_cli):
    done = call_cli("list")
    assert (done.returncode, done.stderr) == (0, "")
    for card in zoo():
        assert row(card.kind, card.name, card.origin, card.summary).search(done.stdout), card
    assert row("head", "mlp", MADE_WITH, zoo().get("head", "mlp").summary).search(done.stdout)


def test_list_of_a_kind_shows_that_kind_only(call_cli):
    header, *rows = call_cli("list", "loss").stdout.splitlines()
    assert header.split() == ["kind", "name", "from", "what", "it", "is"]
    assert [line.split()[:2] for line in rows] == [["loss", card.name] for card in zoo().of_kind("loss")]


@pytest.mark.parametrize("card", list(zoo()), ids=lambda card: f"{card.kind}-{card.name}")
def test_show_prints_every_option_with_type_default_and_help(call_cli, card):
    done = call_cli("show", card.kind, card.name)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{card.kind} {card.name}  ({card.origin}, plugin {card.plugin!r})\n{card.summary}")
    assert card.impl in done.stdout
    for option in options_of(card.options):
        assert row(option.name, option.type, option.default, option.help).search(done.stdout), option


def test_recipes_lists_every_recipe(call_cli):
    listed = [line.split()[0] for line in call_cli("recipes").stdout.splitlines()]
    assert listed == ["recipe", *recipes()]


@pytest.mark.parametrize("name", recipes())
def test_a_printed_recipe_is_a_spec_to_start_from(call_cli, tmp_path, name):
    mine = tmp_path / "mine.toml"
    mine.write_text(call_cli("recipes", name).stdout, encoding="utf-8")
    assert load_spec(mine) == load_spec(name)


def test_check_shows_what_would_be_built(call_cli):
    done = call_cli("check", "--spec", "bc_cnn")
    assert (done.returncode, done.stderr) == (0, "")
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line}
    assert rows["backbone"][1] == "cnn"
    assert rows["backbone"][-1] == "112,864"
    parts = [int(rows[part][-1].replace(",", "")) for part in ("backbone", "temporal", "head", "action")]
    assert int(rows["total"][-1].replace(",", "")) == sum(parts)
    assert "bc_cnn is sound; train it with: bczoo train --spec bc_cnn" in done.stdout


def test_check_says_how_to_train_what_was_checked(call_cli):
    done = call_cli("check", "--spec", "bc_cnn", "--set", "seed=3", "--set", "policy.head.hidden=[8, 8]")
    said = "bc_cnn is sound; train it with: bczoo train --spec bc_cnn --set seed=3 --set 'policy.head.hidden=[8, 8]'\n"
    assert done.stdout.endswith(said)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["data.cache_features=true"], "data.cache_features = true needs a backbone that does not learn; 'cnn' always"),
        (
            ["data.cache_features=true", "data.augment=[{use='shift'}]"],
            "data: cache_features = true leaves nothing to augment; take one of the two out of the spec\n",
        ),
    ],
)
def test_check_does_not_call_sound_what_cannot_be_trained(call_cli, overrides, said):
    done = call_cli("check", "--spec", "bc_cnn", *(word for key in overrides for word in ("--set", key)))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_help_names_every_exit_code(call_cli):
    said = " ".join(call_cli("--help").stdout.split())
    assert said.endswith(
        "Exit codes: 0 done, 1 failed while running, 2 wrong input, 130 stopped by Ctrl-C, 143 by SIGTERM."
    )


@pytest.mark.parametrize("args", [["--help"], ["list"], ["recipes", "bc_cnn"]], ids=" ".join)
def test_a_reader_that_has_gone_away_causes_no_traceback(run_cli, args):
    reader, writer = os.pipe()
    os.close(reader)
    done = run_cli(*args, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert done.stderr == ""
