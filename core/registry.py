"""Find plugins, collect their cards, and say plainly what went wrong when one is broken."""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any

import attrs
import pluggy

from bczoo import hooks
from bczoo.card import KINDS, Card, card_of
from bczoo.errors import BczooError, InputError, suggest

GROUP = "bczoo"


@attrs.frozen
class Broken:
    """A plugin that could not be loaded, and why."""

    plugin: str
    origin: str
    reason: str


@attrs.define
class Registry:
    """All cards of all plugins that loaded, and the plugins that did not."""

    manager: pluggy.PluginManager
    cards: dict[tuple[str, str], Card] = attrs.field(factory=dict)
    broken: list[Broken] = attrs.field(factory=list)

    def add(self, plugin: Any, name: str, dist: str = "", version: str = "") -> None:
        """File all of a plugin's cards, or none of them and leave the zoo as it was."""
        if self.manager.has_plugin(name):
            raise BczooError(f"a plugin called {name!r} is already there")
        if other := self.manager.get_name(plugin):
            raise BczooError(f"it is already there as {other!r}")
        self.manager.register(plugin, name)
        try:
            # Raises for a misspelt hook; called per plugin, so that only its author is blamed.
            self.manager.check_pending()
            cards = [attrs.evolve(card, plugin=name, dist=dist, version=version) for card in self._offered(plugin)]
            self._refuse_duplicates(cards)
        except Exception:
            self.manager.unregister(plugin)
            raise
        self.cards |= {(card.kind, card.name): card for card in cards}

    def _offered(self, plugin: Any) -> list[Card]:
        calls = self.manager.hook.bczoo_components.get_hookimpls()
        offers: list[Any] = [call.function() for call in calls if call.plugin is plugin]
        return [card_of(options) for offer in offers for options in offer]

    def _refuse_duplicates(self, cards: list[Card]) -> None:
        taken = dict(self.cards)
        for card in cards:
            if old := taken.get((card.kind, card.name)):
                raise BczooError(f"{card.kind} {card.name!r} is already offered by {old.plugin!r} ({old.origin})")
            taken[card.kind, card.name] = card

    def get(self, kind: str, name: str) -> Card:
        """The card of that kind and name; raises InputError with the nearest name otherwise."""
        if card := self.cards.get((kind, name)):
            return card
        names = [card.name for card in self.of_kind(kind)]
        lost = "".join(f"; note: plugin {b.plugin!r} ({b.origin}) did not load: {b.reason}" for b in self.broken)
        raise InputError(f"no {kind} called {name!r}; {suggest(name, names)}{lost}")

    def of_kind(self, kind: str) -> list[Card]:
        """All cards of one kind, by name."""
        return [card for card in self if card.kind == kind]

    def __iter__(self) -> Iterator[Card]:
        return iter(sorted(self.cards.values(), key=lambda card: (KINDS.index(card.kind), card.name)))


def new_manager() -> pluggy.PluginManager:
    """A plugin manager that knows bczoo's hooks and has no plugins yet."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    return manager


@cache
def zoo() -> Registry:
    """The registry of everything installed; a plugin that fails to load is noted, never fatal."""
    registry = Registry(new_manager())
    for dist, version, point in _plugins():
        try:
            registry.add(point.load(), point.name, dist, version)
        except (Exception, SystemExit) as error:  # a plugin may fail in any way it likes
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            registry.broken.append(Broken(point.name, f"{dist} {version}".strip() or "unknown", reason))
    return registry


def _plugins() -> list[tuple[str, str, EntryPoint]]:
    """(distribution, version, entry point) of every installed plugin, bczoo's own first."""
    points = entry_points(group=GROUP)
    # Each look at a name or version parses the metadata file anew, so look once a distribution.
    origins = {dist: _origin(dist) for dist in {point.dist for point in points}}
    found = [(*origins[point.dist], point) for point in points]
    # Otherwise sys.path decides who may claim a name first.
    return sorted(found, key=lambda plugin: (plugin[0] != "bczoo", plugin[0], plugin[2].name))


def _origin(dist: Distribution | None) -> tuple[str, str]:
    if dist is None:
        return "", ""
    try:
        metadata = dist.metadata
    except Exception:  # a library that brings a finder of its own (importlib_metadata) may raise what it likes
        return "", ""
    return metadata["Name"] or "", metadata["Version"] or ""
