"""What mkdocs calls while it builds the site; nothing that is made here is written beside the sources."""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from reference import pages

# "```sh run" is how pages mark what tests/docs executes; GitHub looks at the first word only, mkdocs at all of them.
_MARKED = re.compile(r"^(```\w+) (?:run|spec|output)\b", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the reference pages, and the page that lies at the top of the repository."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    zoo = Path(config.docs_dir).with_name("ZOO.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "zoo.md", content=zoo.replace("](docs/", "](")))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leave only the language in the marks of executed blocks."""
    return _MARKED.sub(r"\1", markdown)
