"""Early stopping counts epochs, also across an interruption."""

from types import SimpleNamespace

import pytest

from bczoo.card import build
from bczoo.plugins.callbacks import EarlyStop

LOSSES = [3.0, 2.0, 1.9, 2.5, 1.85, 1.0, 1.0, 1.0, 1.0]


def epochs_until_stop(losses, stopper):
    run = SimpleNamespace(stop=None)
    for done, loss in enumerate(losses, start=1):
        stopper.bczoo_epoch_end(run=run, metrics={"val_loss": loss})
        if run.stop:
            return done, run.stop
    return None, None


def test_it_stops_when_patience_is_at_an_end():
    # 1.9 and 1.85 are less than 0.2 better than the best, so they do not count.
    stopper = build(EarlyStop(patience=3, min_delta=0.2))
    assert epochs_until_stop(LOSSES, stopper) == (5, "validation loss has not improved for 3 epochs")
    assert epochs_until_stop(LOSSES, build(EarlyStop(patience=3)))[0] == 9


@pytest.mark.parametrize("interrupted", range(9))
def test_a_resumed_run_stops_at_the_same_epoch(interrupted):
    first, second = build(EarlyStop(patience=3)), build(EarlyStop(patience=3))
    assert epochs_until_stop(LOSSES[:interrupted], first)[0] is None
    second.load_state_dict(first.state_dict())
    assert epochs_until_stop(LOSSES[interrupted:], second)[0] == 9 - interrupted
