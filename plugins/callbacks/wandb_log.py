"""Weights & Biases."""

import os
import secrets
from typing import TYPE_CHECKING, Any

from bczoo.plugins import callbacks
from bczoo.plugins.callbacks.logger import Logger
from bczoo.schema import unstructure

if TYPE_CHECKING:
    from bczoo.engine.run import Run


class WandbLog(Logger):
    """One W&B run per run, also when it is resumed; its local files lie in wandb/ of the run's folder."""

    run: Any

    def __init__(self, options: "callbacks.Wandb") -> None:
        if options.mode in ("offline", "disabled"):
            # Or W&B would report on itself over the network all the same.
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        super().__init__(options, "wandb")
        self.id = secrets.token_hex(4)

    def state_dict(self) -> dict[str, Any]:
        """The id of the W&B run."""
        return {"id": self.id}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with that W&B run."""
        self.id = state["id"]

    def start(self, run: "Run") -> None:
        """Start the W&B run, or join it again. W&B itself leaves out steps that it has already got."""
        options = self.options
        self.run = self.library.init(
            project=options.project,
            entity=options.entity,
            group=options.group,
            tags=options.tags or None,
            mode=options.mode,
            name=run.folder.name,
            dir=str(run.folder),
            id=self.id,
            resume="allow" if run.step else None,
            reinit="create_new",  # somebody who trains from a program may have a W&B run of their own
            config=unstructure(run.spec),
            allow_val_change=True,  # resumed with other options, e.g. more epochs
        )

    def write(self, values: dict[str, float], step: int) -> None:
        """All numbers of one step in one row."""
        self.run.log(values, step=step)

    def training_over(self, run: "Run", failed: bool) -> None:
        """Nothing to do: what was logged is with W&B's own process, which outlives this one."""

    def close(self, failed: bool) -> None:
        """Wait until everything is sent or written. W&B does so itself when a program ends without."""
        self.run.finish(exit_code=int(failed))
