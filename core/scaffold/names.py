"""The names of a new plugin: one is typed, and pip, Python and specs each need another."""

import re
from keyword import iskeyword
from typing import Final

import attrs

from bczoo.errors import InputError, brief

_PREFIX: Final = "bczoo"
_LONGEST: Final = 60  # it is part of names of files and of lines of code


@attrs.frozen(kw_only=True)
class Names:
    """Of "bczoo-two-eyes": distribution "bczoo-two-eyes", module "bczoo_two_eyes", part "two_eyes", class "TwoEyes"."""

    dist: str
    module: str
    part: str
    cls: str


def names_of(typed: str) -> Names:
    """The names that follow from the one typed, with or without "bczoo-"; raises InputError where none can.

    A distribution's name is of letters, digits, and . _ - between them (PEP 508); those three and upper
    case make no difference to pip (PEP 503).
    """
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", typed):
        raise InputError(
            f"{brief(typed)} cannot be the name of a package: use letters, digits, and - between them, "
            "e.g. bczoo-two-eyes"
        )
    if len(typed) > _LONGEST:
        raise InputError(f"{brief(typed)} has {len(typed)} characters; choose a name of at most {_LONGEST}")
    words = re.split("[-_.]+", typed.lower())
    if words[0] == _PREFIX:
        del words[0]
    cls = "".join(word.capitalize() for word in words)
    if not cls:
        raise InputError(f"{typed!r} is the zoo itself; add a name for the part, e.g. bczoo-two-eyes")
    if not cls.isidentifier() or iskeyword(cls):
        raise InputError(f"{typed!r} would make a class called {cls!r}, which Python does not allow; take another name")
    return Names(dist="-".join([_PREFIX, *words]), module="_".join([_PREFIX, *words]), part="_".join(words), cls=cls)
