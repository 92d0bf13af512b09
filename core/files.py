"""Files: written whole or not at all, whatever kills the process; and JSON that nobody vouches for."""

import json
import math
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final

from bczoo.errors import BczooError, InputError

_DEEPEST: Final = 64  # lists and tables inside each other; a spec needs five of them, a training state twenty
_TOO_DEEP: Final = f"it is nested deeper than {_DEEPEST} lists and tables"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what the block writes there becomes `path` in one step.

    The temporary is called `.NAME.PID-RANDOM.tmp`, so it is never taken for the real thing. It is
    flushed to disk before it is renamed. When the block fails, `path` stays as it was and the
    temporary is removed. Raises BczooError when the file system refuses (full, read-only, no such folder).
    """
    # The random part keeps threads of one process, and machines that share a folder, out of each other's way.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        temporary.touch(exist_ok=False)
        mode = temporary.stat().st_mode
        yield temporary
        # Some writers (safetensors) make files that nobody else may read, whatever the user's umask says.
        temporary.chmod(mode)
        _flush(temporary)
        temporary.replace(path)
        # The new name itself is only safe from a power cut once the folder is on disk too.
        _flush(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BczooError(f"cannot write {path}: {reason}; free space or choose a folder you may write") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def refuse_existing(path: Path) -> None:
    """Raise InputError, with a name that is free, where there is a file or folder of that name."""
    if path.exists():
        names = (path.with_stem(f"{path.stem}-{number}") for number in range(2, 1000))
        free = next((name for name in names if not name.exists()), path)
        raise InputError(f"{path} exists and will not be overwritten; choose another name, e.g. {free.name}")


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically; raises BczooError when it cannot."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable JSON in its own key order, atomically; raises BczooError when it cannot."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def parse_json(text: str) -> Any:
    """The value of strict JSON, whoever wrote it; raises ValueError for anything else.

    Strict means without NaN, without numbers too large to be finite, and no deeper than `check_depth` allows.
    """
    try:
        value = json.loads(text, parse_constant=_number, parse_float=_number)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    check_depth(value)
    return value


def check_depth(value: Any) -> None:
    """Raise ValueError for lists and tables nested so deep that code which follows them runs out of stack."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        children = [
            item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))
        ]
        if not children:
            return
        level = list(chain.from_iterable(children))
    raise ValueError(_TOO_DEEP)


def _number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text:.40} is not a finite number")
    return value


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
