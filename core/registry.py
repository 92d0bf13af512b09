"""Find plugins, collect their cards, and say plainly what went wrong when one is broken."""

import os
import re
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs
import pluggy

from bczoo import hooks
from bczoo.api import check_api
from bczoo.card import Card, card_of
from bczoo.commands import OWN_COMMANDS, Command
from bczoo.errors import BczooError, InputError, brief, suggest
from bczoo.installed import GROUP, OWN, origin, plugins
from bczoo.kinds import KINDS

BLOCK = "BCZOO_BLOCK"  # the environment variable that leaves plugins out, by name or distribution
SLOW = 0.5  # seconds that no plugin should need to be imported


@attrs.frozen
class Broken:
    """A plugin that is not in the zoo, and why; `blocked` if the user wants it so."""

    plugin: str
    origin: str
    reason: str
    blocked: bool = False


@attrs.frozen
class Loaded:
    """A plugin that was asked for its parts, and how long importing it took, with all that it imports."""

    plugin: str
    origin: str
    seconds: float


@attrs.define
class Registry:
    """All cards and commands of all plugins that loaded, and the plugins that did not."""

    manager: pluggy.PluginManager
    cards: dict[tuple[str, str], Card] = attrs.field(factory=dict)
    commands: dict[str, Command] = attrs.field(factory=dict)
    origins: dict[str, str] = attrs.field(factory=dict)  # plugin -> distribution and version
    loaded: list[Loaded] = attrs.field(factory=list)
    broken: list[Broken] = attrs.field(factory=list)

    def add(self, plugin: Any, name: str, dist: str = "", version: str = "") -> None:
        """File all that a plugin offers, or nothing and leave the zoo as it was."""
        if self.manager.has_plugin(name):
            raise BczooError(f"a plugin called {name!r} is already there")
        if other := self.manager.get_name(plugin):
            raise BczooError(f"it is already there as {other!r}")
        self.manager.register(plugin, name)
        try:
            check_hooks(self.manager, plugin)
            offered = self._answers("bczoo_components", plugin)
            cards = [attrs.evolve(card_of(options), plugin=name, dist=dist, version=version) for options in offered]
            self._refuse_duplicates(cards)
            commands = self._answers("bczoo_commands", plugin)
            self._refuse_commands(commands)
        except Exception:
            self.manager.unregister(plugin)
            raise
        self.origins[name] = origin(dist, version)
        self.cards |= {(card.kind, card.name): card for card in cards}
        self.commands |= {command.name: command for command in commands}

    def _answers(self, hook: str, plugin: Any) -> list[Any]:
        calls = getattr(self.manager.hook, hook).get_hookimpls()
        return [item for call in calls if call.plugin is plugin for item in call.function()]

    def _refuse_commands(self, commands: list[Any]) -> None:
        taken = OWN_COMMANDS.keys() | self.commands.keys()
        for command in commands:
            if not isinstance(command, Command):
                raise BczooError(f"{brief(command)} is not a bczoo.Command")
            if command.name in taken:
                raise BczooError(f"there is a command {command.name!r} already")
            taken.add(command.name)

    def _refuse_duplicates(self, cards: list[Card]) -> None:
        taken = dict(self.cards)
        for card in cards:
            if old := taken.get((card.kind, card.name)):
                raise BczooError(f"{card.kind} {card.name!r} is already offered by {old.plugin!r} ({old.origin})")
            taken[card.kind, card.name] = card

    @property
    def slow(self) -> list[Loaded]:
        """Plugins of others whose import everybody waits for."""
        return [plugin for plugin in self.loaded if plugin.seconds > SLOW]

    def get(self, kind: str, name: str) -> Card:
        """The card of that kind and name; raises InputError with the nearest name otherwise."""
        if card := self.cards.get((kind, name)):
            return card
        names = [card.name for card in self.of_kind(kind)]
        lost = "".join(f"; note: plugin {b.plugin!r} ({b.origin}) did not load: {b.reason}" for b in self.broken)
        raise InputError(f"no {kind} called {name!r}; {suggest(name, names)}{lost}")

    def filed(self, options: Any) -> Card:
        """The card of an options object or class, with the distribution that brought it if it is in the zoo."""
        card = card_of(options)
        return self.cards.get((card.kind, card.name), card)

    def of_kind(self, kind: str) -> list[Card]:
        """All cards of one kind, by name."""
        return [card for card in self if card.kind == kind]

    def __iter__(self) -> Iterator[Card]:
        return iter(sorted(self.cards.values(), key=lambda card: (KINDS.index(card.kind), card.name)))


def check_hooks(manager: pluggy.PluginManager, plugin: Any) -> None:
    """Raise for a hook that there is not, or an argument that it has not; only this plugin's author is to blame."""
    manager.check_pending()
    for caller in manager.get_hookcallers(plugin) or ():
        for call in caller.get_hookimpls():
            if call.plugin is plugin and (call.wrapper or call.hookwrapper):
                raise BczooError(f"{caller.name} is a hook wrapper, which bczoo has none of; answer the hook itself")


def new_manager() -> pluggy.PluginManager:
    """A plugin manager that knows bczoo's hooks and has no plugins yet."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    return manager


@cache
def zoo() -> Registry:
    """The registry of everything installed; a plugin that fails to load is noted, never fatal."""
    registry = Registry(new_manager())
    block = _blocked()
    for dist, version, point in plugins():
        source = origin(dist, version)
        if names := block.keys() & {_plain(point.name), _plain(dist)}:
            block |= dict.fromkeys(names, True)
            registry.broken.append(Broken(point.name, source, f"left out by {BLOCK}", blocked=True))
            continue
        start = time.perf_counter()
        try:
            plugin = point.load()
            registry.loaded.append(Loaded(point.name, source, time.perf_counter() - start))
            if dist != OWN:
                check_api(plugin)
            registry.add(plugin, point.name, dist, version)
        except (Exception, SystemExit) as error:  # a plugin may fail in any way it likes
            registry.broken.append(Broken(point.name, source, _reason(error)))
    registry.broken += [
        Broken(name, BLOCK, "no installed plugin or distribution is called that", blocked=True)
        for name, met in block.items()
        if not met
    ]
    return registry


def _reason(error: BaseException) -> str:
    said = " ".join(str(error).split())
    return said if isinstance(error, BczooError) else f"{type(error).__name__}: {said}"


def _blocked() -> dict[str, bool]:
    """The names that the user wants left out, none of them met yet."""
    names = map(_plain, os.environ.get(BLOCK, "").split(","))
    return {name: False for name in names if name}


def _plain(name: str) -> str:
    """A name as distributions compare theirs."""
    return re.sub(r"[-_.]+", "-", name).strip().lower()
