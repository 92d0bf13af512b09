"""Learning-rate schedules."""

import pytest
import torch

from bczoo.card import build
from bczoo.plugins.schedules import Constant, Cosine, Plateau


def rates(options, losses, steps_per_epoch=1):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = build(options, optimizer, len(losses) * steps_per_epoch)
    seen = []
    for loss in losses:
        for _ in range(steps_per_epoch):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step_end()
        schedule.epoch_end(loss)
    return seen


def test_plateau_halves_the_rate_after_more_than_two_epochs_without_one_percent_of_progress():
    # 0.995 is less than 1 % better than 1.0, so it does not count as progress (seed).
    assert rates(Plateau(), [1.0, 0.995, 0.995, 0.995, 0.5]) == [1.0, 1.0, 1.0, 1.0, 0.5]


def test_plateau_leaves_the_rate_alone_while_the_loss_falls():
    assert rates(Plateau(), [1.0, 0.9, 0.8, 0.7, 0.6, 0.5]) == [1.0] * 6


def test_cosine_warms_up_and_falls_to_its_final_share():
    seen = rates(Cosine(warmup=0.2, final=0.1), [1.0] * 5, steps_per_epoch=20)
    assert seen[:3] == pytest.approx([0.05, 0.1, 0.15])
    assert max(seen) == seen[20] == 1.0
    assert seen[60] == pytest.approx(0.55)  # half-way down
    assert seen[-1] == pytest.approx(0.1, abs=1e-2)
    assert sorted(seen[20:], reverse=True) == seen[20:]


def test_constant_is_constant():
    assert rates(Constant(), [1.0] * 4) == [1.0] * 4
