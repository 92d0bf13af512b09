"""What all loggers do alike: the library they need, and what they hear."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from importlib import import_module
from numbers import Real
from typing import TYPE_CHECKING, Any

from bczoo.card import card_of
from bczoo.engine.rank import is_main
from bczoo.errors import BczooError, brief, raised
from bczoo.hooks import hookimpl

if TYPE_CHECKING:
    from bczoo.engine.run import Run


class Logger(ABC):
    """Hands numbers to `write` with the step they belong to: as train/..., epoch/... and eval/....

    Only the main process logs; the others check that the library is there and keep silent. A logger that cannot start
    ends the run before its first step; one that fails later is not heard again, as any observer.
    """

    def __init__(self, options: Any, *modules: str) -> None:
        """Import what the logger needs; `self.library` is the first of `modules`."""
        self.options = options
        self.name = card_of(options).name
        self.library = need(self.name, *modules)
        self.logs = False  # between start and close, on the main process

    @abstractmethod
    def start(self, run: "Run") -> None:
        """Begin to log, or go on with it where `run.step` is not 0."""

    @abstractmethod
    def write(self, values: dict[str, float], step: int) -> None:
        """Log numbers that were measured after `step` optimiser steps."""

    @abstractmethod
    def training_over(self, run: "Run", failed: bool) -> None:
        """Bring everything into safety: the evaluation may follow, but need not."""

    @abstractmethod
    def close(self, failed: bool) -> None:
        """Nothing more will be logged."""

    @hookimpl
    def bczoo_fit_start(self, run: "Run") -> None:
        """Start; raises BczooError if that fails."""
        if not is_main():
            return
        try:
            self.start(run)
        except Exception as error:
            raise BczooError(f"callback {self.name!r} cannot start: {raised(error)}") from error
        self.logs = True

    @hookimpl
    def bczoo_log(self, run: "Run", metrics: Mapping[str, Any]) -> None:
        """Numbers of the last few steps."""
        self._write("train", metrics, run.step)

    @hookimpl
    def bczoo_epoch_end(self, run: "Run", metrics: Mapping[str, Any]) -> None:
        """Numbers of the epoch."""
        self._write("epoch", metrics, run.step)

    @hookimpl
    def bczoo_fit_end(self, run: "Run") -> None:
        """Stay open for the evaluation, unless training has failed or the spec asks for none."""
        if self.logs:
            self.training_over(run, run.failed)
        if run.failed or not run.spec.eval.episodes:
            self._close(run.failed)

    @hookimpl
    def bczoo_eval_end(self, run: "Run", report: Mapping[str, Any]) -> None:
        """Numbers of the final evaluation, the last that there are."""
        self._write("eval", report, run.step)
        self._close(failed=False)

    def _write(self, prefix: str, metrics: Mapping[str, Any], step: int) -> None:
        if self.logs:
            self.write(numbers(prefix, metrics), step)

    def _close(self, failed: bool) -> None:
        if self.logs:
            self.logs = False
            self.close(failed)


def need(name: str, *modules: str) -> Any:
    """The first of these modules; raises BczooError with what to install where one cannot be imported."""
    try:
        first, *_ = [import_module(module) for module in modules]
    except ImportError as error:
        raise BczooError(
            f"callback {name!r} needs a library that cannot be imported here ({brief(error)}); "
            f"pip install 'bczoo[{name}]'"
        ) from error
    return first


def numbers(prefix: str, metrics: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among metrics, named prefix/key, or prefix/key.0, prefix/key.1 ... where there is a list of them.

    Truth values are no numbers, and the step is what the others are logged at.
    """
    return {f"{prefix}/{key}": number for key, number in _numbers(metrics) if key != "step"}


def _numbers(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in metrics.items():
        many = value if isinstance(value, (list, tuple)) else [value]
        if all(isinstance(item, Real) and not isinstance(item, bool) for item in many):
            for index, item in enumerate(many):
                yield (key if many is not value else f"{key}.{index}"), float(item)


def flat(table: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """A nested table as {"policy.backbone.use": value}; lists of plain values stay whole."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        place = f"{path}{key}"
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            value = {str(index): item for index, item in enumerate(value)}
        found |= flat(value, f"{place}.") if isinstance(value, dict) else {place: value}
    return found
