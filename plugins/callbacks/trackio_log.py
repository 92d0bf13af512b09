"""Trackio: a local database and dashboard, or a Hugging Face Space."""

import logging
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bczoo.plugins import callbacks
from bczoo.plugins.callbacks.logger import Logger
from bczoo.schema import unstructure

if TYPE_CHECKING:
    from bczoo.engine.run import Run

log = logging.getLogger("bczoo")


class TrackioLog(Logger):
    """Writes to TRACKIO_DIR, or to trackio/ in the present folder, where all runs of a project come together."""

    run: Any

    def __init__(self, options: "callbacks.Trackio") -> None:
        # Trackio looks at it while it is imported; its own default is a cache in the home folder.
        self.folder = os.environ.setdefault("TRACKIO_DIR", str(Path("trackio").absolute()))
        super().__init__(options, "trackio")

    def start(self, run: "Run") -> None:
        """Start a run of that name, or take it up again; steps done again after a crash are then there twice."""
        with redirect_stdout(sys.stderr):
            self.run = self.library.init(
                project=self.options.project,
                space_id=self.options.space,
                name=run.folder.name,
                config=unstructure(run.spec),
                resume="allow" if run.step else "never",
                embed=False,
            )
        if self.options.space is None:
            log.info(f"to look on: TRACKIO_DIR={self.folder} trackio show --project {self.options.project}")

    def write(self, values: dict[str, float], step: int) -> None:
        """All numbers of one step in one row."""
        self.run.log(values, step=step)

    def training_over(self, run: "Run", failed: bool) -> None:
        """Nothing to do: a thread of Trackio writes every half second."""

    def close(self, failed: bool) -> None:
        """Wait until everything is written. Trackio does so itself when a program ends without."""
        with redirect_stdout(sys.stderr):
            self.library.finish()
