"""The rules of the house that a machine keeps."""

import ast
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from importlib.metadata import entry_points
from inspect import getdoc
from pathlib import Path

import attrs
import pytest

from bczoo import hooks
from bczoo.commands import OWN_COMMANDS
from bczoo.describe import options_of
from bczoo.registry import zoo
from bczoo.schema import structure_part, unstructure
from bczoo.specfile import recipes

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = {"bczoo": "core", "bczoo.cli": "cli", "bczoo.plugins": "plugins"}
LONGEST = 300
# Names of parts that say something else, too: a word, a distribution, and a key of evaluations.
OTHERWISE = {"none", "timm", "shift"}
RECIPES = recipes()

OWN = [card for card in zoo() if card.dist == "bczoo"]
every_card = pytest.mark.parametrize("card", OWN, ids=lambda card: f"{card.kind}-{card.name}")

HEAVY = {
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "gymnasium",
    "mujoco",
    "scipy",
    "safetensors",
    "accelerate",
    "av",
    "PIL",
    "matplotlib",
    "rich",
    "rerun",
}
LIGHT = {
    "help": ["--help"],
    "help of a command": ["train", "--help"],
    "version": ["--version"],
    "list": ["list"],
    "list of a kind": ["list", "backbone"],
    "show": ["show", "backbone", "cnn"],
    "recipes": ["recipes"],
    "a recipe": ["recipes", "bc_cnn"],
    "unknown command": ["trian"],
    "unknown recipe": ["train", "--spec", "nope"],
    "comparison of nothing": ["compare"],
    "faulty sweep": ["sweep", "--spec", "bc_cnn", "--vary", "policy.backbone.pool=agv,avg"],
    "faulty spec": ["check", "--spec", "bc_cnn", "--set", "policy.backbone.pool=agv"],
}


def sources(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def packages_on_disk():
    """Import name -> folder, of every folder that holds Python files."""
    found = {}
    for package, top in FOLDERS.items():
        for folder in {path.parent for path in sources(top)}:
            found[".".join([package, *folder.relative_to(ROOT / top).parts])] = folder
    return found


def test_the_list_of_packages_is_what_is_on_disk():
    assert sorted(SETUPTOOLS["packages"]) == sorted(packages_on_disk())
    assert SETUPTOOLS["package-dir"] == FOLDERS


@pytest.mark.parametrize("package", SETUPTOOLS["packages"])
def test_every_package_has_an_init_with_a_docstring(package):
    assert (packages_on_disk()[package] / "__init__.py").read_text(encoding="utf-8").startswith('"""')


def test_every_file_that_is_not_python_is_package_data():
    patterns = {
        f"{packages_on_disk()[package]}/{pattern}"
        for package, listed in SETUPTOOLS["package-data"].items()
        for pattern in listed
    }
    files = [path for top in FOLDERS.values() for path in (ROOT / top).rglob("*") if path.is_file()]
    data = [str(path) for path in files if path.suffix not in {".py", ".pyc"}]
    assert str(ROOT / "core/py.typed") in data
    assert str(ROOT / "core/recipes/bc_cnn.toml") in data
    assert [path for path in data if not any(fnmatch(path, pattern) for pattern in patterns)] == []


def test_every_family_of_plugins_has_one_entry_point():
    families = {path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py")}
    assert PROJECT["project"]["entry-points"]["bczoo"] == {name: f"bczoo.plugins.{name}" for name in families}


def test_the_installed_entry_points_are_those_of_the_project():
    """Fails after a family was added: run `pip install -e .` again."""
    installed = {point.name: point.value for point in entry_points(group="bczoo") if point.dist.name == "bczoo"}
    assert installed == PROJECT["project"]["entry-points"]["bczoo"]


def test_no_plugin_of_our_own_is_broken():
    assert [broken for broken in zoo().broken if broken.origin.startswith("bczoo ")] == []


@pytest.mark.parametrize("args", LIGHT.values(), ids=LIGHT)
def test_a_light_command_imports_nothing_heavy(args, tmp_path):
    program = (
        "import sys; from bczoo.cli import main\n"
        "try: main()\n"
        "except SystemExit: print('IMPORTED', *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *args], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    said, _, imported = done.stderr.partition("IMPORTED")
    assert "Traceback" not in said
    assert "bczoo" in imported.split()
    assert HEAVY & set(imported.split()) == set()


@every_card
def test_a_card_says_in_one_line_what_it_is(card):
    assert card.summary.endswith(".")


@every_card
def test_a_card_explains_every_option(card):
    assert [option.name for option in options_of(card.options) if not option.help] == []


@every_card
def test_no_option_is_called_use_which_names_the_part_itself(card):
    assert "use" not in attrs.fields_dict(card.options)


@every_card
def test_a_card_points_at_code_that_can_be_called(card):
    assert callable(card.load())


@every_card
def test_a_cards_defaults_are_themselves_allowed(card):
    required = [field.name for field in attrs.fields(card.options) if field.default is attrs.NOTHING]
    if required:
        pytest.skip(f"{', '.join(required)} must be given")
    defaults = card.options()
    assert structure_part(unstructure(defaults), card.kind) == defaults


@pytest.mark.parametrize("path", sources("core"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_never_names_a_plugin(path):
    assert "bczoo.plugins" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sources("core"), ids=lambda path: str(path.relative_to(ROOT)))
def test_nor_does_it_quote_the_name_of_a_part(path):
    """But for core/spec.py, which says what is taken where a spec chooses nothing."""
    if path != ROOT / "core" / "spec.py":
        tree = ast.parse(path.read_text(encoding="utf-8"))
        quoted = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert quoted & {card.name for card in OWN} - OTHERWISE == set()


@pytest.mark.parametrize("hook", [name for name in vars(hooks) if name.startswith("bczoo_")])
def test_a_hook_says_when_it_is_called_and_for_what(hook):
    assert re.match(r"(Called|Return) [^.]+\.", getdoc(getattr(hooks, hook)).replace("`", ""))


@pytest.mark.parametrize("path", sources(*FOLDERS.values()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_one_can_hold_in_mind(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("command", OWN_COMMANDS)
def test_the_readme_mentions_every_command(command):
    assert re.search(rf"\bbczoo {command}\b", (ROOT / "README.md").read_text(encoding="utf-8"))


def test_no_file_names_a_place_on_somebodys_machine():
    places = re.compile(r"(?<![\w.~])/(work|root|home|Users)/\w")
    folders = [*FOLDERS.values(), "tests", "bench", "examples"]
    files = [*sources(*folders), *ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("core/recipes/*")]
    assert [str(path) for path in files if places.search(path.read_text(encoding="utf-8"))] == []


def test_the_readmes_spec_is_the_recipe_it_shows():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = tomllib.loads(readme.partition("```toml\n")[2].partition("```")[0])
    assert shown == tomllib.loads((ROOT / "core" / "recipes" / "bc_cnn.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("recipe", sorted(RECIPES), ids=str)
def test_every_recipe_says_what_it_is_where_from_what_it_needs_and_what_it_reached(recipe):
    header = RECIPES[recipe].partition("\nname = ")[0].splitlines()
    assert all(line.startswith("#") for line in header)
    assert header[0].endswith((".", ":"))
    for word in ("# From: ", "# Needs: ", "# Reached: "):
        assert any(line.startswith(word) for line in header), f"{recipe} does not say {word}"
