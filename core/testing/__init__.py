"""The contract every part keeps, for the tests of whoever writes one.

    from bczoo.testing import check_component, parametrize_parts

    @parametrize_parts("my_plugin")
    def test_the_contract(part):
        check_component(part)

What is promised by which kind of part is on the contract page (CONTRIBUTING.md) and, check by check, in the modules
beside this one.
"""

from typing import Any

import attrs

from bczoo.card import Card, card_of
from bczoo.errors import BczooError
from bczoo.registry import zoo

__all__ = ["check_component", "parametrize_parts", "parts_of"]


def check_component(part: Card | Any, **options: Any) -> None:
    """Hold a part to the contract of its kind, on the CPU and with small random data.

    `part` is a card, an options class, or an options object; `options` replace its defaults. Raises
    AssertionError with one sentence that names the part and the promise it breaks.
    """
    given = part.options if isinstance(part, Card) else part
    card = part if isinstance(part, Card) else card_of(part)
    chosen = given(**options) if isinstance(given, type) else attrs.evolve(given, **options)

    from bczoo.testing.card import check_card
    from bczoo.testing.kinds import CHECKS
    from bczoo.testing.subject import Subject

    subject = Subject(card=card, options=chosen)
    check_card(subject)
    CHECKS[card.kind](subject)


def parametrize_parts(plugin: str | None = None, *kinds: str) -> Any:
    """A pytest decorator that runs a test once for every card, passed as `part`; see `parts_of`."""
    import pytest

    return pytest.mark.parametrize("part", parts_of(plugin, *kinds), ids=lambda card: f"{card.kind}-{card.name}")


def parts_of(plugin: str | None = None, *kinds: str) -> list[Card]:
    """The cards of one plugin, named as its entry point is, or of all; of these kinds, or of every kind.

    Raises BczooError where that would be none, so that a test over them cannot pass by running nothing.
    """
    registry = zoo()
    cards = [card for card in registry if plugin in (None, card.plugin) and (not kinds or card.kind in kinds)]
    if not cards:
        lost = "".join(f": {broken.reason}" for broken in registry.broken if broken.plugin == plugin)
        known = ", ".join(sorted({card.plugin for card in registry}))
        raise BczooError(
            f"plugin {plugin!r} has no {' or '.join(kinds) or 'part'} to test{lost}; plugins that loaded: {known}"
        )
    return cards
