"""What every card promises, whatever its kind."""

import json
import subprocess
import sys
from functools import cache

from bczoo.describe import options_of
from bczoo.schema import structure, unstructure
from bczoo.testing.subject import Subject


def check_card(subject: Subject) -> None:
    """Documented, loadable, kept by a spec, and cheap to list: torch is imported no earlier than the implementation.

    The last is asked of cards that the zoo found, whose plugin it can import anew in a process of its own.
    """
    card = subject.card
    subject.demand(bool(card.summary), "its options class has no docstring, which `bczoo list` shows")
    silent = [option.name for option in options_of(card.options) if not option.help.strip()]
    subject.demand(not silent, f"no help text for {', '.join(silent)}")
    with subject.doing("writing its options into a spec and reading them back"):
        table = json.loads(json.dumps(unstructure(subject.options) | {"use": ""}))
        del table["use"]
        same = structure(table, card.options) == subject.options
        subject.demand(same, "its options are not the same after they were written into a spec and read back")
    with subject.doing(f"loading {card.impl}"):
        subject.demand(callable(card.load()), f"{card.impl} is nothing that can be built")
    if card.plugin:
        module = card.options.__module__
        subject.demand(
            _is_light(module),
            f"importing {module} imports torch, so that `bczoo list` would; put what needs it into {card.impl}",
        )


@cache
def _is_light(module: str) -> bool:
    program = f"import sys; sys.path[:] = {sys.path!r}; import {module}; sys.exit('torch' in sys.modules)"
    return subprocess.run([sys.executable, "-c", program], check=False, timeout=120).returncode == 0
