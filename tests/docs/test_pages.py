"""What the pages say is done: their commands are run, their files written, and their outputs compared."""

import pytest
from blocks import DOCS, Reader, blocks_of
from warm import warmed

from bczoo.specfile import load_spec

PAGES = {str(page.relative_to(DOCS)): list(blocks_of(page)) for page in sorted(DOCS.rglob("*.md"))}
FOLLOWED = [name for name, blocks in PAGES.items() if any("run" in block.marks for block in blocks)]
SPECS = [(name, block) for name, blocks in PAGES.items() for block in blocks if "spec" in block.marks]


@pytest.fixture(scope="module")
def warm():
    with warmed() as words:
        yield words


@pytest.mark.slow
@pytest.mark.parametrize("page", FOLLOWED)
def test_a_reader_who_follows_the_page_gets_what_it_shows(page, tmp_path, warm):
    reader = Reader(tmp_path, warm=warm)
    for block in PAGES[page]:
        reader.follow(block)


@pytest.mark.parametrize(("page", "block"), SPECS, ids=[f"{page}:{block.line}" for page, block in SPECS])
def test_every_spec_on_a_page_loads(page, block, tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(block.text, encoding="utf-8")
    load_spec(path)


def test_the_tutorial_and_the_guides_are_among_the_pages_that_are_followed():
    assert {"tutorial.md", "howto/own_backbone.md", "howto/own_env.md", "howto/own_data.md"} <= set(FOLLOWED)


def test_an_output_that_differs_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```sh run\necho one two three\n```\n\n```text output\none ... four\n```\n", encoding="utf-8")
    reader = Reader(tmp_path / "folder")
    run, output = blocks_of(page)
    reader.follow(run)
    with pytest.raises(AssertionError, match="line 5: what was printed is\none two three"):
        reader.follow(output)


def test_a_command_that_fails_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```sh run\nls nowhere | cat\necho fine\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="line 1: exit code"):
        Reader(tmp_path / "folder").follow(next(blocks_of(page)))
