"""The trainer, written once: any policy, any loss, one process or many, interrupted or not."""

import time
from collections.abc import Iterator
from typing import Any

import attrs
import torch
from torch import Tensor

from bczoo.engine.clock import Clock
from bczoo.engine.divergence import Guard, diverged, refuse_overflow
from bczoo.engine.interrupt import Interrupted, Interrupts
from bczoo.engine.keeper import Keeper
from bczoo.engine.loader import Loader
from bczoo.engine.order import epoch_order, shares
from bczoo.engine.parts import Schedule
from bczoo.engine.resume import capture
from bczoo.engine.run import Run
from bczoo.engine.step import Outcome, Part, Stepper, add_up
from bczoo.engine.team import Team
from bczoo.engine.validate import validate
from bczoo.engine.windows import Windows


@attrs.define(kw_only=True)
class Trainer:
    """Everything one run trains with; `fit` runs it."""

    run: Run
    team: Team
    stepper: Stepper
    schedule: Schedule
    train_windows: Windows
    val_windows: Windows
    keeper: Keeper
    clock: Clock
    device: torch.device
    order: torch.Generator  # as it was when the present epoch began
    within: int = 0  # steps done of the present epoch
    total: Tensor  # the sum of their losses, in this process
    penalties: dict[str, Tensor] = attrs.field(factory=dict)  # what of it each penalty has added
    guard: Guard
    interrupts: Interrupts = attrs.field(factory=Interrupts)
    _started: float = attrs.field(factory=time.monotonic)
    _looked: tuple[float, int] = (0.0, 0)  # when, and at how many samples, speed was last looked at

    def fit(self) -> None:
        """Train to the end, or to where a signal ends it: then raises Interrupted, once the state is saved."""
        run = self.run
        try:
            self._tell("bczoo_fit_start")
            with self.interrupts, self.team.deaths():
                self._pause()
                while self.within or (run.step < run.total_steps and run.stop is None):
                    metrics = self.train_epoch()
                    self._tell("bczoo_epoch_end", metrics=metrics)
                    self._pause()
                self._save()
                self._pause()  # for a signal that came meanwhile
        except BaseException:
            run.failed = True
            raise
        finally:
            self._tell("bczoo_fit_end")

    def _tell(self, hook: str, **arguments: Any) -> None:
        with self.clock.on_host("callbacks"):
            self.run.tell(hook, **arguments)

    def _pause(self) -> None:
        """Between epochs: save what is due, raise Interrupted after a signal, and stop if any process was told to."""
        run = self.run
        stopped, signalled, due = self.team.agree(
            [run.stop is not None, self.interrupts.number is not None, self.keeper.due()]
        )
        if stopped and run.stop is None:
            run.stop = "another process was told to stop"
        self._keep(signalled, due)

    def _keep(self, signalled: bool, due: bool) -> None:
        """Save if that is due, and after a signal, which then raises Interrupted."""
        if signalled or due:
            self._save()
        if signalled:
            raise Interrupted(self.interrupts.number, self.run)

    def train_epoch(self) -> dict[str, Any]:
        """One pass over the training windows, or what is left of it or of the planned steps; returns its metrics."""
        run, start = self.run, time.perf_counter()
        samples, before = run.samples, dict(self.clock.seconds)
        self._looked = (start, samples)
        if not self.within:
            run.epoch += 1
            self.train_windows.demos.check_files()
        rate = self.stepper.optimizer.param_groups[0]["lr"]
        following = self._train_steps()
        train_loss = self.team.mean(self.total.item() / self.within)
        penalties = {name: value.item() / self.within for name, value in self.penalties.items()}
        seconds = time.perf_counter() - start
        self._refuse_divergence()
        metrics = {"epoch": run.epoch, "step": run.step, "train_loss": train_loss}
        metrics |= {f"train_penalty_{name}": mean for name, mean in self.team.means(penalties).items()}
        metrics |= validate(self, train_loss)
        self.schedule.epoch_end(metrics["val_loss"])
        self.order, self.within = following, 0
        self.total.zero_()
        self.penalties.clear()
        spent = {name: value - before.get(name, 0.0) for name, value in self.clock.seconds.items()}
        return metrics | {
            "lr": rate,
            "samples_per_s": (run.samples - samples) / seconds,
            "data_share": (spent.get("data", 0.0) + spent.get("transfer", 0.0)) / seconds,
            "seconds": time.perf_counter() - start,
        }

    def _train_steps(self) -> torch.Generator:
        """The steps of the epoch that are still to do; returns the generator that the next epoch begins with."""
        spec, generator = self.run.spec, self.order.clone_state()
        order = epoch_order(self.train_windows.episode, spec.data.stretch, generator)
        # A run that was cut off after its last step has none left, though its epoch may hold more of them.
        left = self.run.total_steps - self.run.step
        batches = torch.split(order, spec.train.batch_size)[self.within : self.within + left]
        self.stepper.objective.train()
        mine = [shares(index, self.team.rank, self.team.size, spec.train.accumulate) for index in batches]
        parts = (part for some in mine for part, _ in some)
        with Loader(self.train_windows, self.device, self.clock).batches(parts) as read:
            for index, some in zip(batches, mine, strict=True):
                self._step(index, some, read)
                if self._ends():
                    break
        return generator

    def _step(self, index: Tensor, mine: list[tuple[Tensor, float]], read: Iterator[Any]) -> None:
        run = self.run
        if not run.policy.training:
            self.stepper.objective.train()  # a callback has acted with the policy
        real = self.train_windows.real(index).to(self.device)
        parts = (Part(next(read), real, share) for _, share in mine)
        outcome = self.stepper.step(parts, len(mine))
        self.schedule.step_end()
        self.total += outcome.loss
        add_up(self.penalties, outcome.penalties)
        run.step, run.samples, run.loss = run.step + 1, run.samples + len(index), outcome.loss
        self.within += 1
        self.guard.watch(run.step, outcome.loss, outcome.norm)
        self._tell("bczoo_step_end")
        if run.step % run.spec.train.log_every == 0:
            self._tell("bczoo_log", metrics=self._look(outcome))

    def _look(self, outcome: Outcome) -> dict[str, float]:
        """What the loggers want to know of this moment; makes the host wait for the device."""
        now, samples = time.perf_counter(), self.run.samples
        then, before = self._looked
        self._looked = (now, samples)
        self.clock.settle()
        metrics = {
            "loss": self.team.mean(outcome.loss.item()),
            "lr": float(self.stepper.optimizer.param_groups[0]["lr"]),
            "samples_per_s": (samples - before) / max(now - then, 1e-9),
        }
        penalties = {f"penalty_{name}": value.item() for name, value in outcome.penalties.items()}
        metrics |= self.team.means(penalties)
        return metrics if outcome.norm is None else metrics | {"grad_norm": outcome.norm.item()}

    def _ends(self) -> bool:
        """Whether the epoch ends here; saves what is due, and raises Interrupted after a signal."""
        run, settings = self.run, self.run.spec.train
        late = settings.max_minutes is not None and time.monotonic() - self._started > 60 * settings.max_minutes
        # On the CPU the host has nothing to wait for, so it looks at every step.
        looks = self.device.type == "cpu" or run.step % settings.log_every == 0
        broken = looks and self.guard.first() is not None
        broken, signalled, due, late = self.team.agree(
            [broken, self.interrupts.number is not None, self.keeper.due(), late]
        )
        if broken:
            self._refuse_divergence()
        if signalled or due:
            refuse_overflow(self)
        self._keep(signalled, due)
        if late:
            run.stop = f"train.max_minutes = {settings.max_minutes:g} are over"
        return late or run.step >= run.total_steps

    def _refuse_divergence(self) -> None:
        """Raise BczooError if a loss of this epoch, in any process, was not finite."""
        firsts = self.team.all(self.guard.first())
        if bad := [step for step in firsts if step is not None]:
            raise diverged(self, min(bad))

    def _save(self) -> None:
        self._refuse_divergence()
        self.clock.settle()
        with self.clock.on_host("saving"):
            self.keeper.save(lambda: capture(self))
