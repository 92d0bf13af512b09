"""What a spec says about the course of training: limits, clipping, parts of batches, rollouts, logging, compiling."""

import json
import os
import signal

import pytest
import torch
from listening import at
from safetensors.torch import load_file
from specs import toy_spec

from bczoo.engine.demos import Demos
from bczoo.engine.experiment import resume, train
from bczoo.engine.interrupt import Interrupted
from bczoo.engine.metrics import read_metrics
from bczoo.engine.setup import compiles
from bczoo.errors import BczooError, InputError
from bczoo.hooks import hookimpl
from bczoo.schema import Mistakes

PLAIN = {"head": {"use": "mlp", "hidden": [32], "dropout": 0.0}}


@pytest.fixture
def watch(overheard):
    """Train with an observer."""

    def run(spec, observer, name="r"):
        with overheard(observer):
            return train(spec, run=name, show=False)

    return run


def rows(runs, name="r"):
    return read_metrics(runs / name / "metrics.jsonl")


def test_a_time_limit_ends_training_cleanly(folder, runs, caplog):
    caplog.set_level("INFO", "bczoo")
    result = train(toy_spec(folder, train={"epochs": 5000, "max_minutes": 0.02}), run="r", show=False)
    assert result.report.episodes == 6
    assert len(rows(runs)) < 5000
    assert "training ended early: train.max_minutes = 0.02 are over" in caplog.text


@pytest.mark.parametrize(
    ("hook", "step"),
    [
        ("bczoo_validate_start", 6),  # within the first epoch's validation
        ("bczoo_validate_start", 12),  # and the last one's, after which there is no step to save at
        ("bczoo_checkpoint", 12),  # while the last state is saved
    ],
)
def test_a_signal_between_steps_ends_the_run_there_and_is_never_forgotten(folder, runs, watch, hook, step):
    spec = toy_spec(folder, train={"epochs": 2, "batch_size": 64})
    train(spec, run="whole", show=False)
    assert [row["step"] for row in rows(runs, "whole")] == [6, 12]
    with pytest.raises(Interrupted, match=rf"^SIGTERM after step {step} of 12; .* bczoo train --resume runs/r$"):
        watch(spec, at(step, lambda _: os.kill(os.getpid(), signal.SIGTERM), hook))
    assert not (runs / "r" / "eval.json").exists()
    assert resume("runs/r", show=False).report.episodes == 6
    files = [(runs / name / "last.safetensors").read_bytes() for name in ("whole", "r")]
    assert files[0] == files[1]


def test_dropout_stays_on_after_a_callback_has_acted_with_the_policy(folder, runs, watch):
    spec = toy_spec(folder, train={"epochs": 1})
    train(spec, run="plain", show=False)
    watch(spec, at(2, lambda run: run.policy.eval()))
    assert rows(runs)[0]["train_loss"] == rows(runs, "plain")[0]["train_loss"]


def fill(value):
    """What a callback does that ruins the weights."""

    def ruin(run):
        next(run.policy.parameters()).data.fill_(value)

    return ruin


@pytest.mark.parametrize("validation", [0.1, 0.0])
def test_an_overflow_in_the_last_step_ends_the_run_with_a_sentence(folder, runs, watch, validation):
    spec = toy_spec(folder, train={"epochs": None, "steps": 2, "validation": validation})
    told = r"training diverged: weights .* no finite numbers after step 2, in epoch 1; .*bad_batch\.json"
    with pytest.raises(BczooError, match=told):
        watch(spec, at(2, fill(torch.inf)))
    assert {path.name for path in (runs / "r").iterdir()} == {"spec.toml", "versions.json", "bad_batch.json"}


def test_the_batch_that_made_the_loss_infinite_is_written_down(folder, runs, watch):
    spec = toy_spec(folder, train={"epochs": 4, "batch_size": 64, "save_minutes": 0.0})
    with pytest.raises(BczooError, match=r"training diverged.*step 10, in epoch 2.*bad_batch\.json"):
        watch(spec, at(9, fill(3e38)))  # finite still
    told = json.loads((runs / "r" / "bad_batch.json").read_text())
    assert (told["step"], told["epoch"], told["demos"]) == (10, 2, str(folder))
    assert len(told["frames"]) == 64
    demos = Demos.open(folder)
    episodes = torch.searchsorted(demos.episode_ends, torch.tensor(told["frames"]), right=True)
    assert sorted(set(episodes.tolist())) == told["episodes"]
    assert all(value.isfinite().all() for value in load_file(runs / "r" / "last.safetensors").values())


def test_a_batch_computed_in_parts_is_the_same_step(folder, runs):
    # Actions that are padding make parts of equal size count differently.
    data = {"plan": 0, "path": None, "demos": 12}
    for name, parts in (("whole", 1), ("parts", 5)):
        train(
            toy_spec(folder, policy={**PLAIN, "horizon": 4}, train={"accumulate": parts}, data=data),
            run=name,
            show=False,
        )
    for one, two in zip(rows(runs, "whole"), rows(runs, "parts"), strict=True):
        assert two["train_loss"] == pytest.approx(one["train_loss"], rel=1e-5)
        assert two["val_loss"] == pytest.approx(one["val_loss"], rel=1e-4)


def test_a_clipped_gradient_moves_the_weights_no_further_than_its_norm(folder, runs, watch):
    norms, rate = [], 0.5

    class Meter:
        @hookimpl
        def bczoo_fit_start(self, run):
            self.before = [value.detach().clone() for value in run.policy.parameters()]

        @hookimpl
        def bczoo_step_end(self, run):
            after = [value.detach().clone() for value in run.policy.parameters()]
            moved = torch.cat([(a - b).flatten() for a, b in zip(after, self.before, strict=True)]).norm()
            norms.append(float(moved))
            self.before = after

    optimizer = {"use": "SGD", "lr": rate, "momentum": 0.0}
    watch(toy_spec(folder, train={"epochs": 1, "clip": 1e-2, "optimizer": optimizer}), Meter())
    assert max(norms) <= rate * 1e-2 * 1.01
    assert max(norms) > rate * 1e-2 * 0.5


def test_loggers_hear_of_loss_rate_speed_and_gradient(folder, runs, watch):
    heard = []

    class Logger:
        @hookimpl
        def bczoo_log(self, run, metrics):
            heard.append((run.step, metrics))

    watch(toy_spec(folder, train={"epochs": 2, "log_every": 4, "clip": 1.0}), Logger())
    assert [step for step, _ in heard] == list(range(4, heard[-1][0] + 1, 4))
    assert all(set(metrics) == {"loss", "lr", "samples_per_s", "grad_norm"} for _, metrics in heard)
    assert all(isinstance(value, float) and value >= 0 for _, metrics in heard for value in metrics.values())


# ---- rollouts during training

ROLLOUTS = {"success_rate", "success_max", "success_mean_last"}


def test_rollouts_during_training_change_nothing_but_what_is_known(folder, runs):
    for name, every in (("blind", 0), ("seeing", 1)):
        train(
            toy_spec(folder, train={"epochs": 3, "evaluate_every": every, "evaluate_episodes": 4}), run=name, show=False
        )
    blind, seeing = (load_file(runs / name / "last.safetensors") for name in ("blind", "seeing"))
    assert all(torch.equal(blind[name], seeing[name]) for name in blind)
    assert [set(row) - set(rows(runs, "blind")[0]) for row in rows(runs, "seeing")] == [ROLLOUTS] * 3


def test_the_best_policy_may_be_the_one_that_succeeds_most(folder, runs, monkeypatch):
    rates = iter([0.25, 0.75, 0.5, 0.75])
    monkeypatch.setattr("bczoo.engine.validate._success", lambda *_: next(rates))
    settings = {"epochs": 8, "evaluate_every": 2, "best": "success"}
    train(toy_spec(folder, train=settings), run="r", show=False)
    tried = [row for row in rows(runs) if "success_rate" in row]
    assert [row["epoch"] for row in tried] == [2, 4, 6, 8]
    best = min((row for row in tried if row["success_rate"] == 0.75), key=lambda row: row["val_loss"])
    assert read_header_info(runs / "r" / "policy.safetensors")["epoch"] == best["epoch"]


def read_header_info(path):
    from bczoo.engine.checkpoint import POLICY
    from bczoo.engine.tensor_file import read_header

    return read_header(path, POLICY)["info"]


def test_success_as_a_measure_needs_rollouts(folder, toy_zoo):
    with pytest.raises(Mistakes, match=r'best = "success" needs rollouts during training; set evaluate_every'):
        toy_spec(folder, train={"best": "success"})


def test_rollouts_start_where_neither_demonstrations_nor_the_evaluation_do():
    from bczoo.engine.seeds import episode_seed

    seeds = {domain: {episode_seed(0, domain, i) for i in range(500)} for domain in ("demo", "eval", "select")}
    assert not seeds["select"] & seeds["demo"]
    assert not seeds["select"] & seeds["eval"]


# ---- compiling and spreading


def test_a_compiled_policy_learns_the_same(folder, runs, monkeypatch):
    compiled = []
    real = torch.nn.Module.compile

    def compile_eagerly(module, **_):
        compiled.append(type(module).__name__)
        real(module, backend="eager")

    monkeypatch.setattr(torch.nn.Module, "compile", compile_eagerly)
    for name, wish in (("plain", "off"), ("compiled", "on")):
        train(toy_spec(folder, train={"epochs": 1, "compile": wish}, policy=PLAIN), run=name, show=False)
    assert compiled == ["Policy"]
    (plain,), (fast,) = rows(runs, "plain"), rows(runs, "compiled")
    assert (fast["train_loss"], fast["val_loss"]) == pytest.approx((plain["train_loss"], plain["val_loss"]), rel=1e-4)
    assert (
        load_file(runs / "plain" / "policy.safetensors").keys()
        == load_file(runs / "compiled" / "policy.safetensors").keys()
    )


@pytest.mark.parametrize(
    ("compile", "device", "stretch", "expected"),
    [
        ("auto", "cpu", 1, False),
        ("auto", "cuda", 1, True),
        ("auto", "cuda", 4, False),
        ("on", "cpu", 4, True),
        ("off", "cuda", 1, False),
    ],
)
def test_compiling_is_left_to_where_it_pays(folder, toy_zoo, compile, device, stretch, expected):
    spec = toy_spec(folder, train={"compile": compile}, data={"stretch": stretch})
    assert compiles(spec, torch.device(device)) is expected


def test_one_process_has_nobody_to_share_weights_with(folder, runs):
    with pytest.raises(InputError, match=r"train\.shard = true .* start them with torchrun"):
        train(toy_spec(folder, train={"shard": True}), run="r", show=False)
    assert not runs.exists()


def test_the_time_is_accounted_for(folder, runs, caplog):
    caplog.set_level("INFO", "bczoo")
    train(toy_spec(folder), run="r", show=False)
    line = next(record.message for record in caplog.records if record.message.startswith("time: "))
    shares = {part.rsplit(" ", 1)[0]: int(part.rsplit(" ", 1)[1][:-1]) for part in line[6:].split(", ")}
    assert {"forward", "backward", "optimiser", "data", "transfer", "validation", "evaluation"} <= set(shares)
    assert 90 <= sum(shares.values()) <= 110


def test_float32_is_never_rounded_unless_the_spec_allows_it():
    from bczoo.engine.device import set_precision

    for precision, setting in (("fp32", "highest"), ("tf32", "high"), ("fp32", "highest")):
        set_precision(precision)
        assert torch.get_float32_matmul_precision() == setting
        assert torch.backends.cudnn.allow_tf32 is (precision != "fp32")


def test_a_run_too_short_for_rollouts_still_has_a_best_policy(folder, runs):
    settings = {"epochs": 2, "evaluate_every": 5, "best": "success"}
    assert train(toy_spec(folder, train=settings), run="r", show=False).report.episodes == 6
    best = min(rows(runs), key=lambda row: row["val_loss"])
    assert read_header_info(runs / "r" / "policy.safetensors")["epoch"] == best["epoch"]
