"""The site is built without a warning, loads nothing from elsewhere, and its reference misses nothing that there is."""

import subprocess
import sys
import tomllib
from html import unescape
from html.parser import HTMLParser

import click
import pytest
from blocks import DOCS

from bczoo import hooks
from bczoo.cli.app import app
from bczoo.commands import OWN_COMMANDS
from bczoo.describe import options_of
from bczoo.kinds import KINDS
from bczoo.registry import zoo
from bczoo.scaffold.places import places
from bczoo.schema import structure_part
from bczoo.spec import Data, Eval, PolicySpec, Spec, Train

OWN = [card for card in zoo() if card.dist == "bczoo"]
every_card = pytest.mark.parametrize("card", OWN, ids=lambda card: f"{card.kind}-{card.name}")
LINKED = {"next", "prev", "canonical"}  # where a link's target is for people to go to, and not loaded


@pytest.fixture(scope="module")
def pages():
    """The generated pages by path, made as mkdocs makes them."""
    sys.path.insert(0, str(DOCS / "site"))
    from reference import pages

    yield pages()
    sys.path.remove(str(DOCS / "site"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, and what mkdocs said."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=DOCS.parent, capture_output=True, text=True, timeout=300, check=False)
    return folder, done


def section(page, title):
    """What stands below a heading, up to the next one of its level."""
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_site_is_built_without_a_warning(site):
    folder, done = site
    assert done.returncode == 0, done.stderr
    assert (folder / "tutorial.html").is_file()
    assert not list(folder.rglob("*.py"))


class Loads(HTMLParser):
    """Collects what a browser fetches when it shows a page."""

    def __init__(self):
        super().__init__()
        self.places = set()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in ("script", "img", "iframe", "source"):
            self.places.add(given.get("src") or "")
        elif tag == "link" and given.get("rel") not in LINKED:
            self.places.add(given["href"])


def test_no_page_loads_anything_from_another_host(site):
    loads = Loads()
    for page in site[0].rglob("*.html"):
        loads.feed(page.read_text(encoding="utf-8"))
    assert any(path.endswith(".css") for path in loads.places)
    assert [path for path in loads.places if path.startswith(("http:", "https:", "//"))] == []


def test_executed_blocks_are_highlighted_like_any_other(site):
    folder, _ = site
    tutorial = (folder / "tutorial.html").read_text(encoding="utf-8")
    assert '<code>bczoo<span class="w"> </span>check' in tutorial
    assert "```" not in tutorial
    assert '<span class="filename">push.toml</span>' in tutorial


@every_card
def test_a_part_is_on_the_page_of_its_kind_with_all_its_options(card, pages):
    found = section(pages[f"reference/{card.kind}.md"], card.name)
    assert card.summary in found
    assert card.origin in found
    for option in options_of(card.options):
        assert f"<code>{option.name}</code>" in found
        assert option.default in unescape(found)


@every_card
def test_a_parts_snippet_is_ready_for_a_spec(card, pages):
    found = section(pages[f"reference/{card.kind}.md"], card.name)
    value = tomllib.loads(found.partition("```toml\n")[2].partition("```")[0])
    for key in places()[card.kind].key.split("."):
        value = value[key]
    table = value[0] if places()[card.kind].many else value
    assert table["use"] == card.name
    assert structure_part(table, card.kind) == card.options()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_page_has_its_contract(kind, pages):
    assert section(pages[f"reference/{kind}.md"], "The contract").count("bczoo.testing") == 1


@pytest.mark.parametrize("table", [Spec, Data, PolicySpec, Train, Eval], ids=lambda table: table.__name__)
def test_the_spec_page_has_every_key(table, pages):
    for option in options_of(table):
        assert f"| <code>{option.name}</code> |" in pages["reference/spec.md"]


def test_bounds_are_said(pages):
    spec = pages["reference/spec.md"]
    assert "<code>validation</code> | <code>float</code> | <code>0.1</code> | <code>&gt;= 0.0, &lt; 1.0</code>" in spec


@pytest.mark.parametrize("name", OWN_COMMANDS)
def test_the_command_line_page_has_every_option_of_every_command(name, pages):
    command = app.get_command(click.Context(app), name)
    found = section(pages["reference/cli.md"], f"bczoo {name}")
    for option in command.params:
        assert not isinstance(option, click.Option) or option.opts[0] in found


def test_the_hooks_page_has_every_hook(pages):
    for name in vars(hooks):
        assert not name.startswith("bczoo_") or f"## {name}\n\n```python\n{name}(" in pages["reference/hooks.md"]


def test_the_testing_page_says_what_a_part_of_each_kind_can_fail_with(pages):
    testing = pages["reference/testing.md"]
    sentences = [part.count("\n- ") for part in testing.split("\n### ")[4:]]
    assert len(sentences) == 1 + len(KINDS)
    assert min(sentences) >= 2
    assert "- declares {...} for {...} but gives {...} (batch first)\n" in testing
    assert "- `step`, from `start` through T frames, gives other output than `forward` of them\n" in testing


@pytest.mark.parametrize("path", sorted((DOCS / "site").glob("*.py")), ids=lambda path: path.name)
def test_no_file_that_makes_pages_is_longer_than_one_can_hold_in_mind(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
