"""What TensorBoard itself reads of what a run has written."""

import pytest

pytest.importorskip("tensorboard", reason="pip install 'bczoo[tensorboard]'")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read(folder="runs/demo/tensorboard"):
    events = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
    return events.Reload()


def curve(events, tag):
    return {event.step: event.value for event in events.Scalars(tag)}


def test_every_number_is_there_at_its_step_and_the_spec_as_text(live, left):
    live("tensorboard")
    events = read()
    assert set(events.Tags()["scalars"]) == {
        *("train/loss", "train/lr", "epoch/epoch", "epoch/val_loss"),
        *("eval/success_rate", "eval/interval.0", "eval/interval.1", "eval/episodes"),
    }
    assert curve(events, "train/loss") == pytest.approx({step: 1 / step for step in range(1, 11)})
    assert curve(events, "epoch/val_loss") == {5: 1.0, 10: 0.5}
    assert curve(events, "eval/success_rate") == {10: 0.75}
    (event,) = events.Tensors("spec/text_summary")
    text = event.tensor_proto.string_val[0].decode().splitlines()
    assert '    name = "bc_cnn"' in text
    assert "    [policy.backbone]" in text
    assert {path.rpartition("/")[0] for path in left()} == {"runs/demo", "runs/demo/tensorboard"}


def test_a_resumed_run_hides_the_steps_that_it_does_again(live):
    live("tensorboard", last=8, end="error")
    assert [event.step for event in read().Scalars("train/loss")] == [*range(1, 9)]
    live("tensorboard", first=6, end="stop")
    events = read()
    assert [event.step for event in events.Scalars("train/loss")] == [*range(1, 11)]
    assert [event.step for event in events.Scalars("epoch/val_loss")] == [5, 10]
    assert len(events.Tensors("spec/text_summary")) == 1
