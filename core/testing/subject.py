"""The part under test, and how a broken promise is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from bczoo.card import Card, build


@attrs.frozen(kw_only=True)
class Subject:
    """A part with the options it is tested with."""

    card: Card
    options: Any

    def build(self, *args: Any, **kwargs: Any) -> Any:
        """Build the part as the core would."""
        return build(self.options, *args, **kwargs)

    def demand(self, kept: bool, broken: str) -> None:
        """Raise AssertionError saying `broken` of this part unless the promise is kept."""
        if not kept:
            # Not `assert`, which python -O leaves out.
            raise AssertionError(f"{self.card.kind} {self.card.name!r}: {broken}")

    def refuse(self, broken: str) -> None:
        """Raise AssertionError saying `broken` of this part, unless it is empty."""
        self.demand(not broken, broken)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Turn any exception into an AssertionError that says what the part was doing."""
        try:
            yield
        except AssertionError as error:
            mine = str(error).startswith(f"{self.card.kind} {self.card.name!r}: ")
            self.demand(mine, f"{what} fails: {error}")
            raise
        except Exception as error:
            message = f"{self.card.kind} {self.card.name!r}: {what} fails with {type(error).__name__}: {error}"
            raise AssertionError(message) from error


def demand_base(subject: Subject, base: type) -> None:
    """Demand that the part's implementation is a subclass of its kind's interface."""
    found = subject.card.load()
    kept = isinstance(found, type) and issubclass(found, base)
    subject.demand(kept, f"{subject.card.impl} is no subclass of {base.__module__}.{base.__name__}")
