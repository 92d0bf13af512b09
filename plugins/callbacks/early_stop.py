"""Stop when the validation loss no longer improves."""

from typing import TYPE_CHECKING, Any

from bczoo.hooks import hookimpl
from bczoo.plugins import callbacks

if TYPE_CHECKING:
    from bczoo.engine.run import Run


class EarlyStop:
    """Counts epochs since the best validation loss."""

    essential = True  # it changes what is trained or kept

    def __init__(self, options: "callbacks.EarlyStop") -> None:
        self.options = options
        self.best = float("inf")
        self.waited = 0

    def state_dict(self) -> dict[str, Any]:
        """The best validation loss so far, and the epochs since."""
        return {"best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on counting there."""
        self.best, self.waited = state["best"], state["waited"]

    @hookimpl
    def bczoo_epoch_end(self, run: "Run", metrics: dict[str, Any]) -> None:
        """Ask the run to stop once patience is at an end."""
        if metrics["val_loss"] < self.best - self.options.min_delta:
            self.best, self.waited = metrics["val_loss"], 0
            return
        self.waited += 1
        if self.waited >= self.options.patience:
            run.stop = f"validation loss has not improved for {self.waited} epochs"
