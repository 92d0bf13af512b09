"""Who hears a run's lifecycle hooks, and what becomes of an observer that raises."""

import logging
from collections.abc import Iterable, Iterator
from traceback import extract_tb
from typing import Any

import attrs
import pluggy

from bczoo.engine.promises import called
from bczoo.errors import BczooError, raised
from bczoo.registry import check_hooks, new_manager, zoo

log = logging.getLogger("bczoo")
# Where others take back what they have begun, whoever raises.
_HEARD_BY_ALL = ("bczoo_validate_end", "bczoo_fit_end")


@attrs.define
class Observers:
    """Installed plugins, the spec's callbacks, and the core's own observers, each known by what people call it."""

    strict: bool
    manager: pluggy.PluginManager = attrs.field(factory=new_manager)
    lost: list[str] = attrs.field(factory=list)  # a sentence for each that raised and is heard no more
    _chosen: list[Any] = attrs.field(factory=list)  # by the spec, or by the core

    def add_installed(self) -> None:
        """Everything that is installed may listen."""
        registry = zoo()
        for name, plugin in registry.manager.list_name_plugin():
            if plugin is not None:
                self.manager.register(plugin, f"plugin {name!r} ({registry.origins.get(name, 'unknown')})")

    def add_callbacks(self, options: Iterable[Any], callbacks: Iterable[Any]) -> None:
        """Callbacks, built of these options; raises BczooError for one that answers a hook that there is not."""
        for number, (option, callback) in enumerate(zip(options, callbacks, strict=True), 1):
            self.add(callback, f"{called(option)}, the spec's no. {number}")

    def add(self, observer: Any, name: str) -> None:
        """One more observer; of several, the one that was added last hears a hook first."""
        try:
            self.manager.register(observer, name)
            check_hooks(self.manager, observer)
        except (BczooError, pluggy.PluginValidationError) as error:
            raise BczooError(f"{name}: {' '.join(str(error).split())}") from error
        self._chosen.append(observer)

    def tell(self, hook: str, step: int, **arguments: Any) -> None:
        """Call a hook of everyone; `step` is where the run is. Raises BczooError for one that the run needs."""
        for _ in self._answers(hook, step, arguments):
            pass

    def first(self, hook: str, step: int, **arguments: Any) -> Any:
        """The first answer that is not None; callbacks of the spec are asked before installed plugins."""
        return next((answer for answer in self._answers(hook, step, arguments) if answer is not None), None)

    def state_of(self, callback: Any, step: int) -> Any:
        """What a callback wants to be saved with the run; None if that is nothing, or it is heard no more."""
        if not self.manager.is_registered(callback) or not hasattr(callback, "state_dict"):
            return None
        try:
            return callback.state_dict()
        except Exception as error:
            if end := self._bear(callback, "state_dict", step, error):
                raise end from end.__cause__
            return None

    def _answers(self, hook: str, step: int, arguments: dict[str, Any]) -> Iterator[Any]:
        # As pluggy does it, but each on its own. The list is a copy, since some may be struck from it.
        end: BczooError | None = None
        for call in reversed(getattr(self.manager.hook, hook).get_hookimpls()):
            try:
                yield call.function(*(arguments[name] for name in call.argnames))
            except Exception as error:
                said = self._bear(call.plugin, hook, step, error)
                end = end or said
                if end and hook not in _HEARD_BY_ALL:
                    break
        if end:
            raise end

    def _bear(self, observer: Any, hook: str, step: int, error: Exception) -> BczooError | None:
        """What ends the run, which needs this observer; or None, and it is reported and heard no more."""
        name = self.manager.get_name(observer)
        chosen = any(observer is one for one in self._chosen)
        needed = getattr(observer, "essential", False) or (chosen and hook == "bczoo_fit_start")
        if (needed or self.strict) and isinstance(error, BczooError):
            return error
        what = f"{name} raised in {hook} after step {step}: {raised(error)} ({_place(error)})"
        if needed or self.strict:
            end = BczooError(what)
            end.__cause__ = error
            return end
        self.manager.unregister(observer)
        self.lost.append(what)
        log.warning(f"{what}; it is not heard again in this run, and training goes on")
        return None


def _place(error: Exception) -> str:
    last = extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"
