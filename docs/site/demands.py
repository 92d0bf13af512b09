"""The sentences that a check can fail with, read off its source.

Nobody has to keep a list of promises beside the checks that hold parts to them.
"""

import ast
import inspect
from collections.abc import Iterator
from textwrap import dedent
from types import FunctionType
from typing import Any

from tables import code

_PACKAGE = "bczoo.testing"


def demands_of(check: Any) -> list[str]:
    """What `subject.demand(kept, broken)` says in a check and the functions it calls, each once, as Markdown."""
    return list(dict.fromkeys(_sentence(broken) for broken in _demanded(check, set())))


def _demanded(function: FunctionType, seen: set[str]) -> Iterator[ast.expr]:
    seen.add(function.__qualname__)
    tree = ast.parse(dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "demand":
            yield node.args[1]
    for node in ast.walk(tree):
        called = function.__globals__.get(node.id) if isinstance(node, ast.Name) else None
        if inspect.isfunction(called) and called.__module__.startswith(_PACKAGE) and called.__qualname__ not in seen:
            yield from _demanded(called, seen)


def _sentence(broken: ast.expr) -> str:
    if isinstance(broken, ast.Constant):
        return str(broken.value)
    if isinstance(broken, ast.JoinedStr):
        return "".join(_piece(value) for value in broken.values)
    return code(ast.unparse(broken))


def _piece(value: ast.expr) -> str:
    return str(value.value) if isinstance(value, ast.Constant) else "{...}"
