"""The fenced blocks of a page, and a folder in which they are carried out as a reader would.

```sh run                 is run by bash, and must succeed
```python run             is run by Python, likewise
```text output            is what the block before it prints; ... stands for anything
```LANGUAGE title="PATH"  is what the file PATH holds from there on
```toml spec ...          is a spec, and must load
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import attrs

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```(?P<language>\w+)(?: (?P<marks>[^\n]*))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([^"]+)"')


@attrs.frozen(kw_only=True)
class Block:
    """One fenced block, and where it begins."""

    language: str
    marks: frozenset[str]
    title: str | None
    text: str
    line: int


def blocks_of(page):
    """All fenced blocks of a page, in order."""
    source = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(source):
        marks = found["marks"] or ""
        title = TITLE.search(marks)
        yield Block(
            language=found["language"],
            marks=frozenset(TITLE.sub("", marks).split()),
            title=title and title[1],
            text=found["text"],
            line=source.count("\n", 0, found.start()) + 1,
        )


@attrs.define
class Reader:
    """Somebody who follows a page in an empty folder, with `pip install -e FOLDER` at hand.

    `warm` are words to be put before `bczoo` and `python`, that make them start faster; see warm.py.
    """

    folder: Path
    warm: list[str] = attrs.field(factory=list)
    said: str = ""

    def __attrs_post_init__(self):
        tools = self.folder / ".tools"
        (tools / "bin").mkdir(parents=True)
        (tools / "site").mkdir()
        self._put("pip", [sys.executable, str(Path(__file__).with_name("editable.py"))])
        if self.warm:
            self._put("bczoo", [*self.warm, "bczoo"])

    def _put(self, name, words):
        """A program that is called as `name`."""
        path = self.folder / ".tools" / "bin" / name
        path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        path.chmod(0o755)

    def follow(self, block):
        """Do what the block is marked with; raises AssertionError where it does not do what the page says."""
        if block.title:
            path = self.folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif "run" in block.marks:
            self._run(block)
        elif "output" in block.marks:
            wanted = "(.*)".join(re.escape(piece) for piece in block.text.rstrip().split("..."))
            assert re.fullmatch(wanted, self.said, re.DOTALL), f"line {block.line}: what was printed is\n{self.said}"

    def _run(self, block):
        python = [*self.warm, "python"] if self.warm else [sys.executable, "-c"]
        command = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": python}[block.language]
        tools = self.folder / ".tools"
        environment = os.environ | {
            "PATH": os.pathsep.join([str(tools / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(tools / "site"),
            "COLUMNS": "110",
        }
        done = subprocess.run(
            [*command, block.text],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self.said = "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())
        assert done.returncode == 0, f"line {block.line}: exit code {done.returncode}\n{self.said}"
