"""Ctrl-C and the scheduler's SIGTERM: the step is finished, the state saved, and then the run ends."""

import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from bczoo.errors import BczooError

if TYPE_CHECKING:
    from bczoo.engine.run import Run


class Interrupted(BczooError):
    """Training was stopped by a signal after its state had been saved; exit code 128 plus the signal's number."""

    def __init__(self, number: int | None, run: "Run") -> None:
        number = number or signal.SIGTERM  # another process was told
        super().__init__(
            f"{signal.Signals(number).name} after step {run.step} of {run.total_steps}; the state is saved, "
            f"go on with: bczoo train --resume {run.folder}"
        )
        self.exit_code = 128 + number


class Interrupts:
    """While entered, the first SIGINT or SIGTERM is only noted in `number`; a second SIGINT ends at once."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.number: int | None = None
        self._former: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        # Python lets only the main thread listen; elsewhere signals do what they did.
        if threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former = {}

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.number = number
