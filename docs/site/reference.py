"""The pages that are made from the code, so that they say what it does today."""

from cli_page import cli_page
from code_pages import hooks_page, python_page
from kind_pages import kind_page
from spec_page import spec_page
from tables import table
from testing_page import testing_page
from titles import TITLES

from bczoo.kinds import KINDS
from bczoo.registry import zoo

_INDEX = """\
# Reference

Everything here is generated from the code when the site is built: options from the cards, commands from the command
line, contracts from the interfaces and from the tests that hold parts to them.

| page | what it answers |
|---|---|
| [The spec](spec.md) | every key of a spec, its type, default and meaning |
| [Command line](cli.md) | every command and option |
| [Python](python.md) | what `import bczoo` offers |
| [The plugin API](../plugin_api.md) | what a plugin may rely on, and what happens when one is broken |
| [Hooks](hooks.md) | every question that plugins may answer |
| [bczoo.testing](testing.md) | what every kind of part is held to |
| [Sizes](../sizes.md) | parameter counts |

## Parts

"""


def pages() -> dict[str, str]:
    """Markdown by path within the site."""
    made = {
        "index": _index(),
        "spec": spec_page(),
        "cli": cli_page(),
        "python": python_page(),
        "hooks": hooks_page(),
        "testing": testing_page(),
    }
    made |= {kind: kind_page(kind) for kind in KINDS}
    return {f"reference/{name}.md": text for name, text in made.items()}


def _index() -> str:
    rows = [
        (f"[{TITLES[kind]}]({kind}.md)", ", ".join(f"[{card.name}]({kind}.md#{card.name.lower()})" for card in cards))
        for kind in KINDS
        if (cards := zoo().of_kind(kind))
    ]
    return _INDEX + table(("kind", "parts"), rows)
