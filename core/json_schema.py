"""The JSON Schema (Draft 2020-12) of specs with all installed parts, by which editors complete and check them.

It accepts whatever `load_spec` accepts, and refuses what shows in one key: misspelt and missing keys, unknown parts,
options of other parts, wrong types, values out of bounds. Rules between keys, checks of a part's own, and the
difference between 3 and 3.0 are left to `bczoo check`.
"""

import json
import os
from pathlib import Path
from typing import Any, Final

from bczoo.errors import InputError
from bczoo.files import parse_json, write_text
from bczoo.json_tables import Tables
from bczoo.registry import zoo
from bczoo.spec import Spec

ID: Final = "urn:bczoo:spec"

_LONGEST: Final = 1 << 24  # bytes of a file that is looked into; the schema of bczoo's own parts has 80,000


def spec_schema() -> dict[str, Any]:
    """The schema of a spec, made from the options of every part that is installed now."""
    tables = Tables(zoo())
    spec = tables.table(Spec)
    origins = dict.fromkeys(card.origin for card in zoo())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "bczoo spec",
        "description": f"{Spec.__doc__} Parts: {', '.join(origins)}. Written by `bczoo schema`.",
        **spec,
        "$defs": dict(sorted(tables.defined.items())),
    }


def schema_text() -> str:
    """The schema as a JSON file has it."""
    return json.dumps(spec_schema(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_schema(path: Path) -> None:
    """Write the schema, in place of an older one if there is one.

    Raises InputError when `path` is anything else, BczooError when it cannot be written.
    """
    if os.path.lexists(path) and not _is_schema(path):
        raise InputError(f"{path} exists and is no schema of bczoo's, so it will not be overwritten; name another file")
    write_text(path, schema_text())


def _is_schema(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            found = parse_json(file.read(_LONGEST).decode("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("$id") == ID
