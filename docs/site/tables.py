"""Small pieces of Markdown."""

from collections.abc import Iterable, Sequence
from html import escape


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown without line breaks."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: str) -> str:
    """Text set as code, wherever it stands: backticks would not keep a table's bars apart from its own."""
    return f"<code>{escape(text, quote=False).replace('|', '&#124;')}</code>" if text else ""


def prose(text: str) -> str:
    """A sentence as a cell: shown as it is written, whatever Markdown would make of it."""
    return escape(" ".join(text.split()), quote=False).translate(_LITERAL)


def block(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.strip()}\n```\n"


_LITERAL = str.maketrans({"|": "&#124;", "*": "&#42;", "[": "&#91;"})
