"""The callback: its lines, and what is left of them when a run is resumed."""

import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from bczoo_fourier import WeightNorm as Options
from bczoo_fourier.weight_norm import WeightNorm


@pytest.fixture
def run(tmp_path):
    policy = nn.Module()
    policy.backbone, policy.temporal, policy.head = nn.Linear(2, 1, bias=False), nn.Identity(), nn.Linear(1, 1)
    with torch.no_grad():
        policy.backbone.weight.copy_(torch.tensor([[3.0, 4.0]]))
    policy.head.requires_grad_(False)
    return SimpleNamespace(folder=tmp_path, policy=policy, step=0)


def trained(callback, run, last):
    """Steps that make every weight 10 % larger, with a line every two."""
    callback.bczoo_fit_start(run)
    while run.step < last:
        run.step += 1
        run.policy.backbone.weight.data *= 1.1
        if run.step % 2 == 0:
            callback.bczoo_log(run)
    return callback


def lines(run):
    return [json.loads(line) for line in (run.folder / "weight_norm.jsonl").read_text().splitlines()]


def test_a_line_has_norm_and_growth_of_each_part_that_learns(run):
    trained(WeightNorm(Options()), run, last=4)
    assert [line["step"] for line in lines(run)] == [2, 4]
    assert lines(run)[0].keys() == {"step", "backbone"}  # nothing in the others learns
    assert lines(run)[1]["backbone"] == pytest.approx({"norm": 5 * 1.1**4, "growth": 1.1**4})


def test_a_resumed_run_leaves_the_lines_of_one_that_was_never_cut(run):
    cut = trained(WeightNorm(Options()), run, last=4)
    state, weights, step = cut.state_dict(), run.policy.backbone.weight.detach().clone(), run.step
    trained(cut, run, last=8)
    whole = lines(run)

    with (run.folder / "weight_norm.jsonl").open("a") as file:
        file.write('{"step": 10, "backb')  # killed while writing
    run.policy.backbone.weight.data, run.step = weights, step
    again = WeightNorm(Options())
    again.load_state_dict(state)
    trained(again, run, last=8)
    assert lines(run) == whole


def test_only_the_first_of_several_processes_writes(run, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    trained(WeightNorm(Options()), run, last=2)
    assert list(run.folder.iterdir()) == []


def test_weights_that_begin_at_zero_have_no_growth(run):
    run.policy.backbone.weight.data.zero_()
    trained(WeightNorm(Options()), run, last=2)
    assert lines(run)[0]["backbone"] == {"norm": 0.0, "growth": None}
