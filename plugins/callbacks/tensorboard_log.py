"""TensorBoard event files in the run's folder."""

from typing import TYPE_CHECKING, Any

from bczoo.plugins import callbacks
from bczoo.plugins.callbacks.logger import Logger
from bczoo.specfile import dump_spec

if TYPE_CHECKING:
    from bczoo.engine.run import Run


class TensorBoardLog(Logger):
    """Writes to tensorboard/ of the run's folder, so that `tensorboard --logdir runs` compares all runs."""

    writer: Any

    def __init__(self, options: "callbacks.TensorBoard") -> None:
        # torch's own writer imports it without saying what is missing.
        super().__init__(options, "tensorboard")

    def start(self, run: "Run") -> None:
        """Open a new event file; a resumed run hides what it will log again."""
        from torch.utils.tensorboard import SummaryWriter

        folder = run.folder / "tensorboard"
        again = folder.exists()
        self.writer = SummaryWriter(str(folder), purge_step=run.step + 1 if again else None)
        if not again:
            # Indented, because TensorBoard reads Markdown.
            self.writer.add_text("spec", "".join(f"    {line}\n" for line in dump_spec(run.spec).splitlines()))
            self.writer.flush()

    def write(self, values: dict[str, float], step: int) -> None:
        """Each number as a scalar."""
        for key, value in values.items():
            self.writer.add_scalar(key, value, step)

    def training_over(self, run: "Run", failed: bool) -> None:
        """Out of the queue and onto the disk."""
        self.writer.flush()

    def close(self, failed: bool) -> None:
        """Close the file and end the thread that writes it."""
        self.writer.close()
