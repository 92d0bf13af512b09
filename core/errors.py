"""Every mistake a user can make, said in one sentence that names the place, the mistake and the fix."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class BczooError(Exception):
    """A mistake in what the user gave or has: shown as `error: ...`, never as a traceback.

    `exit_code` is 1 when something went wrong while running and 2 when the input itself is wrong.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class InputError(BczooError):
    """The command line, a spec or an option is wrong; nothing was started."""

    exit_code = 2


class SpecError(InputError):
    """A spec with mistakes; `mistakes` holds all of them, one sentence each."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


def printable(text: str) -> str:
    """`text` with everything escaped that a terminal would obey or could not show; line breaks stay."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def brief(value: Any) -> str:
    """A value, or the first line of an exception, as a sentence may quote it: short, whoever made it."""
    try:
        text = str(value).partition("\n")[0] if isinstance(value, Exception) else repr(value)
    except ValueError:  # Python refuses to write out integers of thousands of digits
        text = ""
    return clip(text or type(value).__name__, 200)


def raised(error: Exception) -> str:
    """What was raised, by its type and in a few words."""
    return f"{type(error).__name__}: {brief(error)}"


@contextmanager
def reworded(sentence: Callable[[Exception], str]) -> Iterator[None]:
    """Around anybody's code: what it raises, unless it is a BczooError, becomes one that says `sentence(error)`."""
    try:
        yield
    except BczooError:
        raise
    except Exception as error:
        raise BczooError(sentence(error)) from error


def clip(text: str, most: int) -> str:
    """`text`, or its beginning if it has more than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def first_of(sentences: Sequence[str], most: int = 20) -> list[str]:
    """The first of many sentences, and one that says how many more there are."""
    more = len(sentences) - most
    return [*sentences[:most], f"and {more} more"] if more > 0 else [*sentences]


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of an "unknown X" sentence: the nearest known word, or all of them."""
    import difflib

    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none is known"
