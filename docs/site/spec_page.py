"""The spec reference: every key of every table."""

from collections.abc import Iterator

import attrs
from options_table import options_table

from bczoo.spec import Spec

_INTRODUCTION = """\
# The spec

A spec is one TOML file that determines a run. Keys that are left out have their defaults; `runs/NAME/spec.toml` is the
complete spec with all of them written out. A part is a table whose `use` names it; the table's other keys are the
part's own options, which are on the page of its kind. Unknown keys are mistakes, and so are values of another type:
`3` is a number and `"3"` is not.

Rules between keys (a plan must be as long as the horizon, a transformer's heads must divide its width) are checked
together with the rest: `bczoo check --spec FILE` names all mistakes at once, each with its line.
"""


def spec_page() -> str:
    """The page."""
    return "\n".join([_INTRODUCTION, *_sections(Spec)])


def _sections(cls: type, path: str = "") -> Iterator[str]:
    title = f"`[{path}]`" if path else "Top level"
    yield f"## {title}\n\n{(cls.__doc__ or '').strip()}\n\n{options_table(cls)}"
    for field in attrs.fields(cls):
        if attrs.has(field.type):
            yield from _sections(field.type, _below(path, field.name))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
