"""From demonstrations to batches on the device: whichever way they take, they are the same batches."""

import threading

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from specs import toy_spec

from bczoo.engine.clock import Clock
from bczoo.engine.experiment import train
from bczoo.engine.frames import ResidentFrames, fits, image_bytes
from bczoo.engine.loader import Loader, ahead
from bczoo.engine.metrics import read_metrics
from bczoo.engine.parts import groups
from bczoo.engine.sources import warn_of_idle
from bczoo.engine.windows import Windows
from bczoo.errors import SpecError
from bczoo.spec import Data

CPU = torch.device("cpu")


def windows_of(demos, **kwargs):
    return Windows(demos, torch.arange(demos.episodes), steps=3, horizon=2, **kwargs)


def equal(one, two):
    assert one.images.keys() == two.images.keys()
    assert all(torch.equal(one.images[name], two.images[name]) for name in one.images)
    for field in attrs.fields_dict(type(one)):
        a, b = getattr(one, field), getattr(two, field)
        assert field == "images" or (a is None and b is None) or torch.equal(a, b), field


@settings(max_examples=20)
@given(data=st.data())
def test_frames_that_lie_on_the_device_are_those_of_the_files(plain, data):
    index = torch.tensor(data.draw(st.lists(st.integers(0, plain.frames - 1), min_size=1, max_size=20)))
    resident = windows_of(plain, frames=ResidentFrames(plain, plain.cameras, CPU))
    equal(resident.batch(index), windows_of(plain).batch(index))
    assert int(resident.real(index)) == int(resident.batch(index).mask_BH.sum())


@settings(max_examples=20)
@given(data=st.data())
def test_shared_frames_are_the_same_frames_each_of_them_once(plain, data):
    index = torch.tensor(data.draw(st.lists(st.integers(0, plain.frames - 1), min_size=1, max_size=20)))
    whole, shared = windows_of(plain).batch(index), windows_of(plain, share=True).batch(index)
    frames = whole.images["front"].unflatten(0, (len(index), 3))
    assert torch.equal(shared.images["front"][shared.frame_BT], frames)
    seen = torch.unique(shared.frame_BT)
    assert torch.equal(seen, torch.arange(len(shared.images["front"])))
    # Frames of one episode are augmented alike, those of different ones independently.
    group_M, count = groups(shared)
    assert int(group_M.max()) < count
    episodes = windows_of(plain).episode[index]
    for one in range(len(index)):
        for two in range(len(index)):
            alike = group_M[shared.frame_BT[one, 0]] == group_M[shared.frame_BT[two, 0]]
            assert bool(alike) == bool(episodes[one] == episodes[two])


def test_a_stretch_encodes_far_fewer_frames(plain):
    index = torch.arange(8, 16)
    assert len(windows_of(plain).batch(index).images["front"]) == 24
    assert len(windows_of(plain, share=True).batch(index).images["front"]) <= 12


def test_sharing_frames_changes_the_order_of_training_and_nothing_else(folder, runs):
    for name, share in (("apart", 1), ("together", 4)):
        spec = toy_spec(folder, policy={"steps": 3}, data={"stretch": share}, train={"epochs": 1, "validation": 0.5})
        train(spec, run=name, show=False)
    (apart,), (together,) = (read_metrics(runs / name / "metrics.jsonl") for name in ("apart", "together"))
    assert apart["train_loss"] != together["train_loss"]
    assert together["train_loss"] == pytest.approx(apart["train_loss"], rel=0.2)


def frozen(folder, **tables):
    backbone = {"use": "timm", "model": "test_resnet", "weights": "none", "freeze": True}
    return toy_spec(folder, policy={"backbone": backbone, "steps": 2}, **tables)


def test_cached_features_of_a_frozen_backbone_train_the_same_policy(folder, runs):
    for name, cached in (("anew", False), ("once", True)):
        train(frozen(folder, data={"cache_features": cached}), run=name, show=False)
    anew, once = (read_metrics(runs / name / "metrics.jsonl") for name in ("anew", "once"))
    for one, two in zip(anew, once, strict=True):
        assert (two["train_loss"], two["val_loss"]) == pytest.approx((one["train_loss"], one["val_loss"]), rel=1e-4)


def test_features_are_only_cached_where_that_changes_nothing(folder, runs):
    with pytest.raises(SpecError, match=r"data\.cache_features = true needs a backbone that does not learn"):
        train(toy_spec(folder, data={"cache_features": True}), run="r", show=False)


def test_an_augmentation_without_effect_is_told(folder, runs, caplog):
    data = {"augment": [{"use": "shift", "pixels": 2}, {"use": "state_noise", "std": [0.1]}]}
    train(toy_spec(folder, data=data, policy={"state": False}, train={"epochs": 1}), run="r", show=False)
    assert "data.augment: 'state_noise' changes nothing that this policy sees or learns" in caplog.text
    assert "'shift'" not in caplog.text


def other_labels(batch, generator):
    return attrs.evolve(batch, action_BHA=-batch.action_BHA)


def one_window_in_twenty(batch, generator):
    hit = torch.rand(len(batch.mask_BH), generator=generator) < 0.05
    return attrs.evolve(batch, state_BTS=torch.where(hit[:, None, None], 0.0, batch.state_BTS))


@pytest.mark.parametrize("augmentation", [other_labels, one_window_in_twenty])
def test_an_augmentation_of_labels_or_of_few_windows_is_not_called_idle(plain, toy_zoo, caplog, augmentation):
    data = Data(augment=(toy_zoo.get("augmentation", "shift").options(),))  # only its name counts
    warn_of_idle([augmentation], data, windows_of(plain))
    assert caplog.text == ""


def test_augmentation_changes_training_and_leaves_validation_alone(folder, runs):
    for name, augment in (("plain", []), ("augmented", [{"use": "shift", "pixels": 2}])):
        optimizer = {"use": "SGD", "lr": 1e-30}
        spec = toy_spec(folder, data={"augment": augment}, train={"epochs": 1, "optimizer": optimizer})
        train(spec, run=name, show=False)
    (plain,), (augmented,) = (read_metrics(runs / name / "metrics.jsonl") for name in ("plain", "augmented"))
    assert plain["train_loss"] != augmented["train_loss"]
    assert plain["val_loss"] == augmented["val_loss"]


def test_the_cpu_never_copies_what_is_mapped_already(plain):
    assert image_bytes(plain, ["front"]) == plain.frames * 6 * 8 * 3
    assert not fits(1, CPU)


# ---- reading ahead


def test_read_ahead_batches_come_in_order_and_the_wait_is_measured(plain):
    clock, windows = Clock(CPU), windows_of(plain)
    indices = [torch.arange(i, i + 4) for i in range(0, 40, 4)]
    with Loader(windows, CPU, clock).batches(indices) as read:
        for batch, index in zip(read, indices, strict=True):
            equal(batch, windows.batch(index))
    assert clock.seconds["data"] > 0


def test_at_most_a_few_items_are_read_ahead():
    taken = []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    with ahead(items(), size=2) as read:
        assert next(read) == 0
    assert len(taken) <= 5
    assert not any(thread.name == "bczoo-ahead" for thread in threading.enumerate())


def test_a_mistake_in_the_reading_thread_is_raised_where_the_batch_is_wanted():
    def items():
        yield 1
        raise BufferError("disk fell off")

    with ahead(items()) as read:
        assert next(read) == 1
        with pytest.raises(BufferError, match="disk fell off"):
            next(read)
