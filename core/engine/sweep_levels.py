"""What a command line says of a sweep: the levels of varied keys, and the seeds; no torch."""

from collections.abc import Iterable, Iterator
from typing import Any

from bczoo.describe import to_toml
from bczoo.errors import InputError, brief, clip
from bczoo.specfile import assignment

_PAIRS = {"[": "]", "{": "}"}
_HOW = "write it as key.path=level,level, e.g. policy.backbone.pool=avg,spatial_softmax"
_LARGEST = 2**32 - 1  # of a spec's seed
_DIGITS = 20  # of a number of the command line; Python refuses to read thousands


def read_vary(options: Iterable[str]) -> dict[str, list[Any]]:
    """Levels by key, of options such as "policy.backbone.pool=avg,spatial_softmax".

    Levels are separated by commas outside of brackets, braces and quotes; each is a TOML value, or a bare word for a
    string. Raises InputError for what cannot be read, and for a key that is given twice.
    """
    found: dict[str, list[Any]] = {}
    for option in options:
        key, equals, text = option.partition("=")
        key = key.strip()
        if not equals or not key:
            raise InputError(f"--vary {option}: {_HOW}")
        levels = list(_split(text))
        if not all(level.strip() for level in levels):
            raise InputError(f"--vary {option}: a level is empty; {_HOW}")
        if key in found:
            raise InputError(f"--vary {key} is given twice; give all its levels at once: --vary {key}=level,level")
        found[key] = [_value(key, level.strip()) for level in levels]
    return found


def plain_levels(key: str, levels: Iterable[Any]) -> tuple[Any, ...]:
    """Levels as a spec file gives them, whatever they are in Python; raises InputError for what cannot be there."""
    if isinstance(levels, (str, bytes)) or not isinstance(levels, Iterable):
        raise InputError(f"--vary {key}: give a list of levels, not {brief(levels)}")
    return tuple(_value(key, to_toml(level)) for level in levels)


def key_path(key: str) -> tuple[str, ...]:
    """The names that a dotted key is made of, quoted ones included; raises InputError for what is no key."""
    path: list[str] = []
    table: Any = assignment(f"{key}=0", "--vary")
    while isinstance(table, dict):
        ((name, table),) = table.items()
        path.append(name)
    return tuple(path)


def read_seeds(text: str) -> list[int]:
    """The seeds that "3" (0, 1 and 2) or "0,1,5" means; "7," is the one seed 7. Raises InputError."""
    words = [word.strip() for word in text.split(",")]
    listed = len(words) > 1
    if listed and not words[-1]:
        words.pop()
    if not all(word.isascii() and word.isdigit() and len(word) <= _DIGITS for word in words):
        raise InputError(f"--seeds {clip(text, 100)}: give how many, e.g. 3, or which, e.g. 0,1,5")
    numbers = [int(word) for word in words]
    return checked_seeds(numbers if listed else numbers[0])


def checked_seeds(seeds: int | Iterable[int]) -> list[int]:
    """The seeds, for a number of them the first ones; raises InputError for none, too large ones and repeated ones."""
    if type(seeds) is int:
        seeds = range(min(seeds, 10_001))
    chosen = list(seeds) if isinstance(seeds, Iterable) else [seeds]
    if strange := [seed for seed in chosen if type(seed) is not int]:
        raise InputError(f"--seeds: {brief(strange[0])} is no seed; give whole numbers")
    if not 1 <= len(chosen) <= 10_000:
        raise InputError("--seeds: give between 1 and 10,000 seeds")
    if len(set(chosen)) < len(chosen):
        raise InputError(f"--seeds {clip(','.join(map(str, chosen)), 100)}: a seed is given twice")
    if strange := [seed for seed in chosen if not 0 <= seed <= _LARGEST]:
        raise InputError(f"--seeds: {strange[0]} is no seed; they lie between 0 and {_LARGEST}")
    return chosen


def _split(text: str) -> Iterator[str]:
    """The pieces between commas that are outside of brackets, braces and quotes."""
    closing: list[str] = []
    quote, piece, escaped = "", "", False
    for c in text:
        if quote:
            if c == quote and not escaped:
                quote = ""
            escaped = c == "\\" and quote == '"' and not escaped
        elif c in "'\"":
            quote = c
        elif c in _PAIRS:
            closing.append(_PAIRS[c])
        elif closing and c == closing[-1]:
            closing.pop()
        elif c == "," and not closing:
            yield piece
            piece = ""
            continue
        piece += c
    yield piece


def _value(key: str, text: str) -> Any:
    value: Any = assignment(f"{key}={text}", "--vary")
    for name in key_path(key):
        value = value[name]
    return value


def level_key(level: Any) -> str:
    """What levels have in common that are the same; to TOML, 1 and true are not, but 1e-3 and 0.001 are."""
    return to_toml(level)
