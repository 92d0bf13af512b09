"""Pages made of signatures and docstrings: the hooks, and what `import bczoo` offers."""

import inspect
import re
from collections.abc import Iterable
from typing import Any, get_args, get_type_hints

import attrs
from tables import block

import bczoo
from bczoo import hooks
from bczoo.engine.policy import Policy
from bczoo.engine.rollout import Actor
from bczoo.engine.run import Run
from bczoo.spec import Spec

WIDEST = 80  # characters of a signature on one line

# What is for users among what a torch module and an actor can do.
METHODS: dict[type, tuple[str, ...]] = {Policy: ("act", "actor", "infer_in_bf16"), Actor: ("reset", "act")}

_PYTHON = """\
# Python

Everything that the command line does is a function here. Names that need torch are imported when they are first used,
so that `import bczoo` itself stays quick.
"""


def docstring(thing: Any) -> str:
    """Its docstring, as Markdown already."""
    return inspect.getdoc(thing) or ""


def hooks_page() -> str:
    """Every hook, in the order in which core/hooks.py has them."""
    found = [(name, hook) for name, hook in vars(hooks).items() if name.startswith("bczoo_")]
    return "\n".join([f"# Hooks\n\n{docstring(hooks)}\n", *(function_section(name, hook) for name, hook in found)])


def python_page() -> str:
    """The public names, then what they return."""
    public = {name: getattr(bczoo, name) for name in bczoo.__all__}
    functions = {name: thing for name, thing in public.items() if inspect.isroutine(thing)}
    classes = {name: thing for name, thing in public.items() if inspect.isclass(thing)}
    returned = [kind for kind in _returned(functions.values()) if kind not in classes.values()]
    sections = {
        "Functions": [function_section(name, function, 3) for name, function in functions.items()],
        "Classes": [_class(name, kind) for name, kind in classes.items()],
        "What they return": [_class(kind.__name__, kind) for kind in returned],
        "What policies and callbacks work with": [_class(kind.__name__, kind) for kind in (Actor, Run)],
    }
    return "\n".join([_PYTHON, *(f"## {title}\n\n" + "\n".join(made) for title, made in sections.items())])


def _returned(functions: Iterable[Any]) -> Iterable[type]:
    """The classes of bczoo that these functions return, and those that lie in their fields."""
    found: dict[type, None] = {}
    waiting = [get_type_hints(function).get("return") for function in functions]
    while waiting:
        kind = waiting.pop(0)
        waiting += get_args(kind)
        if inspect.isclass(kind) and kind.__module__.startswith("bczoo") and kind is not Spec and kind not in found:
            found[kind] = None
            waiting += [field.type for field in attrs.fields(kind)] if attrs.has(kind) else []
    return found


def _class(name: str, kind: type) -> str:
    if kind is Spec:
        return f"### {name}\n\n{docstring(kind)} Its keys are on [a page of their own](spec.md).\n"
    own = [function_section(f"{name}.{method}", getattr(kind, method), 4) for method in METHODS.get(kind, ())]
    return "\n".join([function_section(name, kind, 3), *own])


def function_section(name: str, function: Any, level: int = 2) -> str:
    """A heading, the signature and the docstring."""
    return f"{'#' * level} {name}\n\n{block('python', signature(name, function))}\n{docstring(function)}\n"


def signature(name: str, function: Any) -> str:
    """A call as it is declared, an argument a line where one line would be too long."""
    found = inspect.signature(function)
    if len(text := f"{name}{_plain(found)}") <= WIDEST:
        return text
    lines, named = [], False
    for argument in found.parameters.values():
        if argument.kind is argument.KEYWORD_ONLY and not named:
            lines.append("*")
        named = named or argument.kind in (argument.KEYWORD_ONLY, argument.VAR_POSITIONAL)
        lines.append(_plain(argument))
    returned = _plain(found.replace(parameters=[])).removeprefix("()")
    return f"{name}(\n" + "".join(f"    {line},\n" for line in lines) + f"){returned}"


def _plain(found: Any) -> str:
    """Types by their own names, without modules and quotes; defaults stay as they are."""
    unquoted = re.sub(r"(: |-> |\[)'([^']*)'", r"\1\2", str(found))
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])|~", "", unquoted)
