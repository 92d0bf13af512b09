"""The reference of bczoo.testing: what every kind of part is held to, read off the checks themselves."""

from code_pages import docstring, function_section
from demands import demands_of
from tables import block
from titles import TITLES

import bczoo.testing as public
from bczoo.kinds import KINDS
from bczoo.testing import plugin
from bczoo.testing.card import check_card
from bczoo.testing.kinds import CHECKS

_INTRODUCTION = """\
# bczoo.testing

The contract as tests: whoever writes a part sees in one test run everything that the zoo will ask of it. The same
checks run in bczoo's own tests on every part that it brings. They work on the CPU with small random data, take seconds,
and say in one sentence which promise is broken.

```python
# tests/test_parts.py of your package
from bczoo.testing import check_component, parametrize_parts


@parametrize_parts("my_package")  # the name of its entry point
def test_my_parts_keep_the_contract(part):
    check_component(part)
```

The same without the decorator:

"""
_LIST = """\
The sentences below are those that the checks can say, as they stand in their source; `{...}` is filled in.
"""


def testing_page() -> str:
    """The page."""
    functions = [function_section(name, getattr(public, name), 3) for name in public.__all__]
    checks = [_check("Every part", check_card), *(_check(TITLES[kind], CHECKS[kind]) for kind in KINDS)]
    what, _, how = docstring(plugin).partition("\n\n")
    head = [_INTRODUCTION, f"`bczoo.testing.plugin`: {what}\n", block("text", how), "## The functions\n", *functions]
    return "\n".join([*head, f"## What each kind is held to\n\n{_LIST}", *checks])


def _check(title: str, check: object) -> str:
    said = "".join(f"- {sentence}\n" for sentence in demands_of(check))
    return f"### {title}\n\n{docstring(check)}\n\n{said}"
