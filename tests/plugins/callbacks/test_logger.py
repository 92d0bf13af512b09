"""What all loggers share: names of numbers, the main process alone, and no harm to training."""

import logging
import sys
from types import SimpleNamespace

import pytest

from bczoo.card import build, component
from bczoo.engine.observers import Observers
from bczoo.errors import BczooError
from bczoo.plugins.callbacks.logger import Logger, flat, numbers
from bczoo.registry import zoo

LIBRARIES = [
    ("tensorboard", "tensorboard"),
    ("wandb", "wandb"),
    ("mlflow", "mlflow"),
    ("mlflow", "sqlalchemy"),
    ("mlflow", "alembic"),
    ("trackio", "trackio"),
]


@component("callback", "diary", f"{__name__}:Diary")
class DiaryOptions:
    """Writes down what it is told, until it breaks."""


class Diary(Logger):
    def __init__(self, options):
        super().__init__(options, "json")
        self.lines = []
        self.breaks_at = None

    def note(self, *line):
        self.lines.append(line)
        if line[0] == self.breaks_at:
            raise OSError("the pencil\nbroke")

    def start(self, run):
        self.note("start", run.step)

    def write(self, values, step):
        self.note("write", step, values)

    def training_over(self, run, failed):
        self.note("over", failed)

    def close(self, failed):
        self.note("close", failed)


@pytest.fixture
def diary():
    return build(DiaryOptions())


def live(diary, fails=False, judged=True, episodes=100):
    observers, spec = Observers(strict=False), SimpleNamespace(eval=SimpleNamespace(episodes=episodes))
    run = SimpleNamespace(step=0, failed=False, spec=spec)
    observers.add(diary, "callback 'diary'")

    def tell(hook, **arguments):
        observers.tell(hook, run.step, run=run, **arguments)

    tell("bczoo_fit_start")
    try:
        run.step = 7
        tell("bczoo_log", metrics={"loss": 0.5})
        tell("bczoo_epoch_end", metrics={"val_loss": 0.25})
        if fails:
            raise RuntimeError
    except RuntimeError:
        run.failed = True
        raise
    finally:
        tell("bczoo_fit_end")
    if judged:
        tell("bczoo_eval_end", report={"success_rate": 1.0})
    return diary.lines


def test_a_logger_hears_all_of_a_run(diary):
    assert live(diary) == [
        ("start", 0),
        ("write", 7, {"train/loss": 0.5}),
        ("write", 7, {"epoch/val_loss": 0.25}),
        ("over", False),
        ("write", 7, {"eval/success_rate": 1.0}),
        ("close", False),
    ]


def test_after_an_error_it_is_closed_since_no_evaluation_follows(diary):
    with pytest.raises(RuntimeError):
        live(diary, fails=True)
    assert diary.lines[-2:] == [("over", True), ("close", True)]


def test_where_the_spec_asks_for_no_evaluation_it_is_closed_after_training(diary):
    assert live(diary, judged=False, episodes=0)[-2:] == [("over", False), ("close", False)]


def test_a_run_within_the_handling_of_another_error_has_not_failed(diary):
    try:
        raise MemoryError
    except MemoryError:  # somebody trains again, with less
        assert live(diary)[-1] == ("close", False)


def test_only_the_main_process_logs(diary, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    assert live(diary) == []


def test_one_that_cannot_start_ends_the_run_before_its_first_step(diary):
    diary.breaks_at = "start"
    with pytest.raises(BczooError, match=r"^callback 'diary' cannot start: OSError: the pencil$"):
        live(diary)
    assert diary.lines == [("start", 0)]


@pytest.mark.parametrize(("place", "heard"), [("write", 2), ("over", 4), ("close", 6)])
def test_one_that_breaks_later_is_reported_once_and_training_goes_on(diary, caplog, place, heard):
    diary.breaks_at = place
    with caplog.at_level(logging.WARNING, logger="bczoo"):
        assert len(live(diary)) == heard
    (warning,) = caplog.messages
    assert warning.startswith("callback 'diary' raised in bczoo_")
    assert " after step 7: OSError: the pencil (" in warning


def test_numbers_are_told_from_other_things():
    metrics = {
        "loss": 1,
        "step": 7,
        "rate": 0.5,
        "best": True,
        "rule": "by eye",
        "none": None,
        "interval": (0.25, 0.75),
        "rows": [{"seed": 1}],
        "mixed": [1.0, "a"],
    }
    assert numbers("eval", metrics) == {
        "eval/loss": 1.0,
        "eval/rate": 0.5,
        "eval/interval.0": 0.25,
        "eval/interval.1": 0.75,
    }


def test_a_spec_becomes_flat():
    table = {"name": "x", "policy": {"head": {"use": "mlp", "hidden": [1, 2]}}, "callbacks": [{"use": "ema"}, {}]}
    assert flat(table) == {
        "name": "x",
        "policy.head.use": "mlp",
        "policy.head.hidden": [1, 2],
        "callbacks.0.use": "ema",
    }


@pytest.mark.parametrize(("name", "module"), LIBRARIES)
def test_a_missing_library_is_said_when_the_callback_is_built(monkeypatch, tmp_path, name, module):
    if module != name:
        pytest.importorskip(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    options = zoo().get("callback", name).options()
    with pytest.raises(BczooError) as caught:
        build(options)
    assert str(caught.value) == (
        f"callback {name!r} needs a library that cannot be imported here "
        f"(import of {module} halted; None in sys.modules); pip install 'bczoo[{name}]'"
    )
