"""A new plugin: a complete distribution with one working part, to be changed into another."""

import os
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from shutil import rmtree
from string import Template
from typing import Final

import attrs

from bczoo.api import API_VERSION
from bczoo.errors import BczooError, InputError, suggest
from bczoo.kinds import KINDS
from bczoo.registry import zoo
from bczoo.scaffold.names import Names, names_of
from bczoo.scaffold.places import places

# What the module behind the card is called: where the house draws the line around what imports torch or numpy.
_CODE: Final = {"env": "{part}_env", "callback": "{part}"}
_NOUN: Final = {"temporal": "temporal module", "action": "action form", "env": "environment", "optimizer": "optimiser"}
_SMALL: Final = ("train.steps=2", "data.demos=4", "eval.episodes=4")


@attrs.frozen(kw_only=True)
class Made:
    """A plugin that was written, and the commands that install it, test it and train with it."""

    folder: Path
    commands: tuple[str, ...]


def new_plugin(name: str, kind: str, into: Path = Path()) -> Made:
    """Write a distribution with a part of `kind`, one of KINDS, into the new folder `into`/`name`.

    It installs, passes its own tests and trains as it is. Raises InputError when the folder exists, or the name is
    none or is taken; BczooError when it cannot be written.
    """
    if kind not in KINDS:
        raise InputError(f"no kind {kind!r}; {suggest(kind, KINDS)}")
    names = names_of(name)
    folder = into / name
    if os.path.lexists(folder):
        raise InputError(f"{folder} exists and will not be overwritten; choose another name, or delete it")
    _refuse_taken(names, kind)
    values = _values(names, kind)
    with _atomic_folder(folder) as temporary:
        for path, template in _files(kind, values).items():
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            text = Template(template).substitute(values)
            (temporary / path).write_text(text, encoding="utf-8", newline="\n")
    where = shlex.quote(str(folder))
    return Made(
        folder=folder,
        commands=(f"pip install -e {shlex.quote(f'{folder}[test]')}", f"pytest {where}", values["train"]),
    )


def _refuse_taken(names: Names, kind: str) -> None:
    if card := zoo().cards.get((kind, names.part)):
        raise InputError(f"{kind} {names.part!r} is already offered by {card.origin}; choose another name")
    try:
        installed = version(names.dist)
    except PackageNotFoundError:
        return
    raise InputError(f"a distribution {names.dist} {installed} is already installed; choose another name")


def _values(names: Names, kind: str) -> dict[str, str]:
    """What the templates leave open."""
    place = places()[kind]
    settings = (place.assignment(names.part), *_SMALL)
    own = version("bczoo").partition("+")[0]
    return {
        "kind": kind,
        "noun": _NOUN.get(kind, kind),
        "dist": names.dist,
        "module": names.module,
        "part": names.part,
        "Part": names.cls,
        "Impl": f"{names.cls}{kind.capitalize()}",
        "code": _CODE.get(kind, "{part}_net").format(part=names.part),
        "api": API_VERSION,
        "bczoo": f"bczoo>={own},<{int(own.partition('.')[0]) + 1}",
        "assignment": place.assignment(names.part),
        "table": place.header,
        "train": f"bczoo train --spec bc_cnn {' '.join(f'--set {shlex.quote(setting)}' for setting in settings)}",
    }


def _files(kind: str, values: dict[str, str]) -> dict[str, str]:
    """Path in the new folder -> template."""
    folder = files("bczoo.scaffold")
    package = f"src/{values['module']}"
    templates = {
        "pyproject.toml": folder / "common" / "pyproject.toml.tmpl",
        "README.md": folder / "common" / "README.md.tmpl",
        "tests/test_contract.py": folder / "common" / "test_contract.py.tmpl",
        f"{package}/__init__.py": folder / kind / "card.py.tmpl",
        f"{package}/{values['code']}.py": folder / kind / "code.py.tmpl",
    }
    return {path: template.read_text(encoding="utf-8") for path, template in templates.items()}


@contextmanager
def _atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`, which it becomes in one step; when the block fails, it is removed."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        temporary.rename(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BczooError(f"cannot write {folder}: {reason}; choose a folder you may write with --into") from error
    finally:
        rmtree(temporary, ignore_errors=True)
