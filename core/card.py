"""A card declares one part of the zoo: its kind, its name, its options, and where its code lives.

Cards are data and import nothing heavy, so the whole zoo can be listed, checked and documented without torch.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, dataclass_transform, get_type_hints

import attrs

from bczoo.errors import BczooError
from bczoo.installed import origin
from bczoo.kinds import KINDS
from bczoo.options_class import make_later

T = TypeVar("T")

_TAKEN = {"use": "how specs choose parts", "self": "what methods call their object"}


def field(
    *,
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
    help: str,
    check: Callable[..., None] | None = None,
    part: str | None = None,
    use: str | None = None,
) -> Any:
    """One option. `help` is required, so no option goes undocumented.

    `check` is an attrs validator. `part` names a kind when the value is itself a part, and `use` the part
    that is taken when a spec does not choose one.
    """
    if factory is not None:
        default = attrs.Factory(factory)
    return attrs.field(default=default, validator=check, metadata={"help": help, "part": part, "use": use})


@attrs.frozen(kw_only=True)
class Card:
    """One entry of the zoo: `options` is the attrs class that validates and documents it.

    `impl` is "package.module:Class", imported when the part is first built. `plugin`, `dist` and
    `version` say who brought it; the registry fills them in.
    """

    kind: str
    name: str
    options: type
    impl: str
    plugin: str = ""
    dist: str = ""
    version: str = ""

    @property
    def summary(self) -> str:
        """First line of the options' docstring."""
        return (self.options.__doc__ or "").strip().partition("\n")[0]

    @property
    def origin(self) -> str:
        """Distribution and version the part came from."""
        return origin(self.dist, self.version)

    def load(self) -> Any:
        """Import and return the implementation; raises BczooError when it cannot be had."""
        module, _, attribute = self.impl.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise BczooError(
                f"{self.kind} {self.name!r} ({self.origin}) cannot be loaded from {self.impl}: {error}"
            ) from error


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field, attrs.field))
def component(kind: str, name: str, impl: str) -> Callable[[type[T]], type[T]]:
    """Declare the decorated class to be the options of one part.

    `kind` is one of KINDS, `name` what a spec's `use` says, `impl` "package.module:Class". The class
    becomes a frozen attrs class whose fields are the part's options, as soon as it is used.
    """
    if kind not in KINDS:
        raise BczooError(f"component {name!r}: no kind {kind!r}; kinds are {', '.join(KINDS)}")

    def declare(cls: type[T]) -> type[T]:
        if "__card__" in vars(cls):
            raise BczooError(f"{kind} {name!r}: its options are those of {card_of(cls).name!r}; write a class for each")
        # Raises for annotations that are no types, here where the plugin is named for it.
        typed = get_type_hints(cls, include_extras=True)
        for word, meaning in _TAKEN.items():
            if word in typed or hasattr(cls, word):
                raise BczooError(f"{kind} {name!r}: an option cannot be called {word!r}, which is {meaning}")
        options: Any = cls
        options.__card__ = Card(kind=kind, name=name, options=options, impl=impl)
        make_later(options)
        return cls

    return declare


def card_of(options: Any) -> Card:
    """The card of an options object or class; raises BczooError for anything else."""
    card = getattr(options, "__card__", None)
    if not isinstance(card, Card):
        raise BczooError(f"{options!r} is not the options of a part; declare it with @component")
    return card


def build(options: Any, *args: Any, **kwargs: Any) -> Any:
    """Build the part that `options` describe: its implementation called with them and `args`."""
    return card_of(options).load()(options, *args, **kwargs)
