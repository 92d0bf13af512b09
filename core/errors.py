"""Every mistake a user can make, said in one sentence that names the place, the mistake and the fix."""

import difflib
from collections.abc import Iterable


class BczooError(Exception):
    """A mistake in what the user gave or has: shown as `error: ...`, never as a traceback.

    `exit_code` is 1 when something went wrong while running and 2 when the input itself is wrong.
    """

    exit_code = 1


class InputError(BczooError):
    """The command line, a spec or an option is wrong; nothing was started."""

    exit_code = 2


class SpecError(InputError):
    """A spec with mistakes; `mistakes` holds all of them, one sentence each."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of an "unknown X" sentence: the nearest known word, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none is known"
