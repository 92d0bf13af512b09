"""bczoo new: what is printed, and how wrong input is answered."""

import shlex
import subprocess
import sys

import pytest

from bczoo import load_spec
from bczoo.card import card_of
from bczoo.kinds import KINDS


def test_new_plugin_prints_what_to_type_next(call_cli, tmp_path):
    done = call_cli("new", "plugin", "bczoo-two-eyes", "--kind", "backbone")
    assert (done.returncode, done.stderr) == (0, "")
    first, _, _, install, test, train = done.stdout.splitlines()
    assert first == "written: bczoo-two-eyes"
    assert install == "  pip install -e 'bczoo-two-eyes[test]'"
    assert test == "  pytest bczoo-two-eyes"
    assert train.startswith("  bczoo train --spec bc_cnn --set policy.backbone.use=two_eyes --set train.steps=2 ")
    assert (tmp_path / "bczoo-two-eyes" / "pyproject.toml").is_file()


def test_it_can_be_put_elsewhere(call_cli, tmp_path):
    done = call_cli("new", "plugin", "log-cosh", "--kind", "loss", "--into", "my plugins")
    assert done.returncode == 0
    *_, install, test, _ = done.stdout.splitlines()
    assert shlex.split(install)[-1] == "my plugins/log-cosh[test]"
    assert shlex.split(test) == ["pytest", "my plugins/log-cosh"]
    assert (tmp_path / "my plugins" / "log-cosh" / "src" / "bczoo_log_cosh" / "log_cosh_net.py").is_file()


def test_new_plugin_imports_nothing_heavy(tmp_path):
    program = (
        "import sys; from bczoo.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", program, "new", "plugin", "two-eyes", "--kind", "env"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert {"torch", "numpy", "gymnasium", "cattrs"} & set(done.stdout.splitlines()[-1].split()) == set()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["two-eyes", "--kind", "backbon"], "no kind 'backbon'; did you mean 'backbone'?"),
        (["two-eyes"], "Missing option '--kind'"),
        (["--kind", "loss"], "Missing argument 'NAME'"),
    ],
)
def test_wrong_usage_of_new_plugin_shows_the_usage(call_cli, args, said):
    done = call_cli("new", "plugin", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: bczoo new plugin")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two eyes", "'two eyes' cannot be the name of a package: "),
        ("huber", "loss 'huber' is already offered by bczoo "),
        ("there", "there exists and will not be overwritten; "),
    ],
)
def test_wrong_input_to_new_plugin_is_one_line(call_cli, tmp_path, name, said):
    (tmp_path / "there").mkdir()
    done = call_cli("new", "plugin", name, "--kind", "loss")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {said}")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_new_spec_prints_a_spec_of_the_chosen_parts(call_cli, tmp_path):
    done = call_cli("new", "spec", "--backbone", "resnet18", "--loss", "l1", "--callback", "ema", "--set", "seed=3")
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "mine.toml").write_text(done.stdout, encoding="utf-8")
    spec = load_spec(tmp_path / "mine.toml")
    assert (card_of(spec.policy.backbone).name, card_of(spec.loss).name) == ("resnet18", "l1")
    assert [card_of(part).name for part in spec.callbacks] == ["ema"]
    assert (spec.name, spec.seed) == ("mine", 3)


def test_new_spec_writes_a_file_and_says_how_to_train_it(call_cli, tmp_path):
    done = call_cli("new", "spec", "--to", "gru.toml", "--temporal", "gru")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "written: gru.toml; train it with: bczoo train --spec gru.toml\n"
    assert load_spec(tmp_path / "gru.toml").name == "gru"
    again = call_cli("new", "spec", "--to", "gru.toml")
    assert again.returncode == 2
    assert again.stderr == ("error: gru.toml exists and will not be overwritten; choose another file, or delete it\n")


def test_new_spec_has_an_option_for_every_kind(call_cli):
    said = call_cli("new", "spec", "--help").stdout
    assert [kind for kind in KINDS if f"--{kind} NAME" not in said] == []


def test_a_part_that_there_is_not_is_one_line_with_the_one_that_was_meant(call_cli):
    done = call_cli("new", "spec", "--head", "mpl")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: no head called 'mpl'; did you mean 'mlp'?\n")
