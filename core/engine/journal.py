"""What a run writes down about itself: metrics as JSON lines, and their curves as a picture."""

import json
from pathlib import Path
from typing import Any

from bczoo.engine.keeper import ranked
from bczoo.engine.metrics import read_metrics
from bczoo.engine.run import Run, append_line
from bczoo.files import atomic_path, write_text
from bczoo.hooks import hookimpl


class Journal:
    """Writes metrics.jsonl after each epoch and curves.png at the end."""

    essential = True  # a run without its figures is not worth its time

    @hookimpl
    def bczoo_epoch_end(self, run: Run, metrics: dict[str, Any]) -> None:
        """Add this epoch's line."""
        append_line(run.folder / "metrics.jsonl", metrics)

    @hookimpl
    def bczoo_fit_end(self, run: Run) -> None:
        """Draw what there is."""
        if rows := read_metrics(run.folder / "metrics.jsonl"):
            draw_curves(run.folder / "curves.png", rows, title=run.folder.name, best=run.spec.train.best)


def forget_later(folder: Path, epochs: int) -> None:
    """Leave only the lines of so many epochs: a resumed run writes the later ones again."""
    path = folder / "metrics.jsonl"
    rows = read_metrics(path)
    kept = [row for row in rows if row["epoch"] <= epochs]
    if path.exists():
        write_text(path, "".join(json.dumps(row) + "\n" for row in kept))


def draw_curves(path: Path, rows: list[dict[str, Any]], title: str, best: str = "val_loss") -> None:
    """Training and validation loss, and the learning rate, over epochs; `best` as in train.best marks one of them."""
    # Only now: a run that is refused, cut off or resumed need not wait for it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(7, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    loss, rate = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for key, label in (("train_loss", "training"), ("val_loss", "validation")):
        loss.plot(epochs, [row[key] for row in rows], marker=".", label=label)
    kept = min(rows, key=lambda row: ranked(row, best))
    loss.plot(kept["epoch"], kept["val_loss"], "o", fillstyle="none", markersize=9, color="black", label="best")
    loss.set(yscale="log", ylabel="loss", title=title)
    loss.legend()
    rate.step(epochs, [row["lr"] for row in rows], where="mid", color="grey")
    rate.set(yscale="log", ylabel="learning rate", xlabel="epoch")
    rate.xaxis.get_major_locator().set_params(integer=True)
    for axis in (loss, rate):
        axis.grid(alpha=0.3)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")
