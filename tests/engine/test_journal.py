"""Metrics files: readable whatever interrupted the writer."""

import pytest
from matplotlib.figure import Figure

from bczoo.engine.journal import draw_curves
from bczoo.engine.metrics import read_metrics
from bczoo.engine.run import append_line


def test_lines_come_back_in_order(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for epoch in (1, 2):
        append_line(path, {"epoch": epoch, "val_loss": 0.5})
    assert [row["epoch"] for row in read_metrics(path)] == [1, 2]


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    append_line(path, {"epoch": 1})
    with path.open("a") as file:
        file.write('{"epoch": 2, "val_l')
    assert read_metrics(path) == [{"epoch": 1}]


def test_no_file_means_no_lines(tmp_path):
    assert read_metrics(tmp_path / "metrics.jsonl") == []


@pytest.mark.parametrize(("best", "epoch"), [("val_loss", 1), ("success", 2)])
def test_the_epoch_of_the_policy_that_is_kept_is_marked(tmp_path, monkeypatch, best, epoch):
    figures = []

    class Kept(Figure):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            figures.append(self)

    monkeypatch.setattr("matplotlib.figure.Figure", Kept)
    row = {"train_loss": 0.2, "lr": 1e-3}
    rows = [row | {"epoch": 1, "val_loss": 0.1}, row | {"epoch": 2, "val_loss": 0.3, "success_rate": 0.5}]
    draw_curves(tmp_path / "curves.png", rows, title="two", best=best)
    (mark,) = (line for line in figures[0].axes[0].lines if line.get_label() == "best")
    assert list(mark.get_xdata()) == [epoch]


def test_one_epoch_is_enough_for_curves(tmp_path):
    row = {"epoch": 1, "train_loss": 0.2, "val_loss": 0.3, "lr": 1e-3}
    draw_curves(tmp_path / "curves.png", [row], title="one")
    assert (tmp_path / "curves.png").stat().st_size > 10_000
