"""The trainer, written once: any policy, any loss, one device or many."""

import math
import time
from collections.abc import Iterator
from typing import Any

import attrs
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn

from bczoo.card import build
from bczoo.engine.checkpoint import save_policy
from bczoo.engine.parts import Batch, Loss, Schedule
from bczoo.engine.policy import Policy
from bczoo.engine.run import Run
from bczoo.engine.windows import Windows
from bczoo.errors import BczooError


def masked_mean(loss_BH: Tensor, mask_BH: Tensor) -> Tensor:
    """The one place where losses are averaged: padding never counts, not even in the denominator."""
    return (loss_BH * mask_BH).sum() / mask_BH.sum().clamp_min(1)


@attrs.define(kw_only=True)
class Trainer:
    """Everything one run trains with; `fit` runs it."""

    run: Run
    accelerator: Accelerator
    model: nn.Module  # the policy, wrapped by accelerate when there are several devices
    loss: Loss
    optimizer: Any
    schedule: Schedule
    train_windows: Windows
    val_windows: Windows
    precision: str
    best: float = math.inf

    def fit(self) -> None:
        """Train to the end; checkpoints after every epoch, the best one by validation loss."""
        run, spec = self.run, self.run.spec
        order = torch.Generator().manual_seed(spec.seed)
        run.tell("bczoo_fit_start")
        try:
            while run.step < run.total_steps and run.stop is None:
                run.epoch += 1
                metrics = self.train_epoch(order)
                self._checkpoint(metrics)
                run.tell("bczoo_epoch_end", metrics=metrics)
        finally:
            run.tell("bczoo_fit_end")

    def train_epoch(self, order: torch.Generator) -> dict[str, Any]:
        """One pass over the training windows, or what is left of the planned steps; returns its metrics."""
        run = self.run
        start, done = time.perf_counter(), 0
        waited = run.waited
        rate = self.optimizer.param_groups[0]["lr"]
        total = torch.zeros((), device=self.accelerator.device)
        steps = 0
        self.model.train()
        for batch in self._batches(order):
            loss = self._step(batch)
            total += loss.detach()
            steps, done = steps + 1, done + len(batch.mask_BH)
            run.step, run.samples, run.loss = run.step + 1, run.samples + len(batch.mask_BH), loss.detach()
            run.tell("bczoo_step_end")
            if run.step >= run.total_steps:
                break
        train_loss = total.item() / steps
        seconds = time.perf_counter() - start
        if not math.isfinite(train_loss):
            raise BczooError(
                f"training diverged: the loss became {train_loss} in epoch {run.epoch}; "
                "lower train.optimizer.lr. Earlier checkpoints are intact"
            )
        val_loss = self.validate() if len(self.val_windows) else train_loss
        self.schedule.epoch_end(val_loss)
        return {
            "epoch": run.epoch,
            "step": run.step,
            "train_loss": train_loss,
            "val_loss": val_loss,
            "lr": rate,
            "samples_per_s": done / seconds,
            "data_share": (run.waited - waited) / seconds,
            "seconds": time.perf_counter() - start,
        }

    def _step(self, batch: Batch) -> Tensor:
        loss = self.objective(batch)
        self.accelerator.backward(loss)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step_end()
        return loss

    def objective(self, batch: Batch) -> Tensor:
        """The scalar that is minimised: masked mean of the loss, plus the parts' penalties."""
        policy = self.run.policy
        bf16 = self.precision == "bf16"
        with torch.autocast(self.accelerator.device.type, dtype=torch.bfloat16, enabled=bf16):
            prediction, penalties = self.model(batch)
        action_BHA = policy.normalizer.scale(batch.action_BHA)
        loss = masked_mean(self.loss(prediction, action_BHA, policy.form), batch.mask_BH)
        for penalty in penalties.values():
            loss = loss + penalty
        return loss

    @torch.inference_mode()
    def validate(self) -> float:
        """Mean loss over the validation windows, without dropout."""
        self.model.eval()
        total, count = 0.0, 0
        for index in torch.split(torch.arange(len(self.val_windows)), self.run.spec.train.batch_size):
            batch = self.val_windows.batch(index).to(self.accelerator.device)
            weight = int(batch.mask_BH.sum())
            total += self.objective(batch).item() * weight
            count += weight
        return total / count

    def _batches(self, order: torch.Generator) -> Iterator[Batch]:
        """One epoch of the training windows in random order; each process takes its own share."""
        accelerator, size = self.accelerator, self.run.spec.train.batch_size
        shuffled = torch.randperm(len(self.train_windows), generator=order)
        share = shuffled[accelerator.process_index :: accelerator.num_processes]
        share = share[: len(shuffled) // accelerator.num_processes]  # equal shares keep the processes in step
        for index in torch.split(share, size):
            start = time.perf_counter()
            batch = self.train_windows.batch(index).to(accelerator.device)
            self.run.waited += time.perf_counter() - start
            yield batch

    def _checkpoint(self, metrics: dict[str, Any]) -> None:
        if metrics["val_loss"] < self.best:
            self.best = metrics["val_loss"]
            self._save("policy.safetensors", metrics)
        self._save("last.safetensors", metrics)

    def _save(self, name: str, metrics: dict[str, Any]) -> None:
        if self.accelerator.is_main_process:
            run = self.run
            path = run.folder / name
            info = {key: metrics[key] for key in ("epoch", "step", "train_loss", "val_loss")}
            info["weights"] = run.policy.backbone.used_weights
            save_policy(path, run.policy, run.spec, info)
            run.tell("bczoo_checkpoint", path=str(path))


def parameter_groups(policy: Policy, backbone_lr: float | None = None) -> list[dict[str, Any]]:
    """What learns, as torch's optimisers take it; the backbone in a group of its own if it has its own rate."""
    learns = [(name, value) for name, value in policy.named_parameters() if value.requires_grad]
    if backbone_lr is None:
        return [{"params": [value for _, value in learns]}]
    backbone = [value for name, value in learns if name.startswith("backbone.")]
    rest = [value for name, value in learns if not name.startswith("backbone.")]
    return [{"params": rest}, *([{"params": backbone, "lr": backbone_lr}] if backbone else [])]


def plan_steps(epochs: int | None, steps: int | None, steps_per_epoch: int) -> int:
    """Optimiser steps until the first of both limits."""
    limits = [limit for limit in (steps, epochs and epochs * steps_per_epoch) if limit]
    return min(limits)


def steps_per_epoch(windows: int, batch_size: int, processes: int) -> int:
    """Steps that one pass takes."""
    return math.ceil(windows // processes / batch_size)


def new_trainer(run: Run, accelerator: Accelerator, windows: tuple[Windows, Windows], precision: str) -> Trainer:
    """Optimiser, schedule and loss for a run's policy, ready to fit."""
    spec, policy = run.spec, run.policy
    policy.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = build(spec.train.optimizer, parameter_groups(policy, spec.train.backbone_lr))
    schedule = build(spec.train.schedule, optimizer, run.total_steps)
    model, optimizer = accelerator.prepare(policy, optimizer)
    return Trainer(
        run=run,
        accelerator=accelerator,
        model=model,
        loss=build(spec.loss),
        optimizer=optimizer,
        schedule=schedule,
        train_windows=windows[0],
        val_windows=windows[1],
        precision=precision,
    )


def seeded_policy(spec: Any, obs: Any, action: Any) -> Policy:
    """A policy whose initial weights depend on the spec's seed alone."""
    from bczoo.engine.policy import assemble

    set_seed(spec.seed)
    return assemble(spec.policy, obs, action)


def new_accelerator(device: torch.device) -> Accelerator:
    """Accelerate over that device, or over all of the machine's when launched with several processes."""
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision="no")
    if accelerator.device.type != device.type:
        raise BczooError(
            f"this process has already trained on {accelerator.device}, and accelerate keeps to it; "
            f"start another process to train on {device}"
        )
    return accelerator
