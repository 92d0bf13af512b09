"""Trained policies that come with bczoo: `zoo:NAME` stands for one wherever a policy file is asked for."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from bczoo.errors import InputError, suggest

PREFIX: Final = "zoo:"
_SUFFIX: Final = ".safetensors"


def shipped() -> dict[str, Path]:
    """The shipped policies: the name of the recipe that each was trained by -> its file."""
    folder = Path(str(files("bczoo") / "policies"))
    return {path.name.removesuffix(_SUFFIX): path for path in sorted(folder.glob(f"*{_SUFFIX}"))}


def policy_file(source: str | Path) -> Path:
    """The file that a user means by a path or by "zoo:NAME"; raises InputError for an unknown NAME.

    Whether there is a file at a path is not asked.
    """
    name = str(source)
    if not name.startswith(PREFIX):
        return Path(source)
    known = shipped()
    name = name.removeprefix(PREFIX).removesuffix(_SUFFIX)
    if name not in known:
        raise InputError(f"no policy called {name!r} comes with bczoo; {suggest(name, known)}")
    return known[name]
