"""The spec: one TOML file that names every part of a policy and how it is trained and judged."""

# ruff: noqa: RUF009 - field and _part describe an option; attrs makes each value anew

from typing import Any, Literal

import attrs
from attrs.validators import and_, ge, gt, le, lt, matches_re, optional

from bczoo.card import field


def _part(kind: str, help: str, default: str | None = None) -> Any:
    """A key chosen by `use`; with `default`, the part used when the spec does not say."""
    if default is None:
        return field(help=help, part=kind)
    return field(help=help, part=kind, use=default, factory=lambda: _default_part(kind, default))


def _default_part(kind: str, name: str) -> Any:
    from bczoo.registry import zoo

    return zoo().get(kind, name).options()


@attrs.frozen(kw_only=True)
class Data:
    """Demonstrations: where they are, and how to collect them when they are not there."""

    demos: int = field(default=200, check=ge(1), help="number of episodes the expert demonstrates")
    noise: float = field(
        default=0.0,
        check=and_(ge(0.0), le(2.0)),
        help="std of the noise on executed actions; labels stay clean",
    )
    plan: int = field(
        default=8,
        check=ge(0),
        help="expert actions planned ahead from every frame, labels of chunks; 0: none",
    )
    seed: int = field(default=0, check=ge(0), help="seed of the demonstrated episodes")
    keep_failures: bool = field(default=False, help="keep episodes in which the expert failed")
    path: str | None = field(default=None, help="folder; without it, demos/NAME follows from env and options")
    load: Literal["auto", "device", "stream"] = field(
        default="auto",
        help="device: all frames lie on the training device; stream: read ahead from disk; auto: device if it fits",
    )
    stretch: int = field(
        default=1,
        check=ge(1),
        help="consecutive windows drawn together; frames they share are encoded once, so batches are less mixed",
    )
    cache_features: bool = field(default=False, help="encode every frame once, before training; frozen backbones only")
    augment: tuple[Any, ...] = field(default=(), part="augmentation", help="changes made to training batches")

    def __attrs_post_init__(self) -> None:
        if self.cache_features and self.augment:
            raise ValueError("cache_features = true leaves nothing to augment; take one of the two out of the spec")


@attrs.frozen(kw_only=True)
class PolicySpec:
    """What the policy sees, the parts it is made of, and how far it looks ahead."""

    steps: int = field(default=1, check=ge(1), help="T, observed steps")
    horizon: int = field(default=1, check=ge(1), help="H, actions predicted at once")
    state: bool = field(default=True, help="feed the state vector (proprioception), if the env has one")
    normalize_state: bool = field(default=True, help="standardise the state with the training split's statistics")
    backbone: Any = _part("backbone", "encodes each camera frame")
    temporal: Any = _part("temporal", "turns observed steps into one vector per action", "none")
    head: Any = _part("head", "turns each vector into an action", "mlp")
    action: Any = _part("action", "how actions are written", "cartesian")


@attrs.frozen(kw_only=True)
class Train:
    """How long, how large and on what to train; `epochs` or `steps`, or the first of both to be reached."""

    epochs: int | None = field(default=None, check=optional(ge(1)), help="passes over the training split")
    steps: int | None = field(default=None, check=optional(ge(1)), help="optimiser steps")
    batch_size: int = field(default=128, check=ge(1), help="windows per step, of all processes together")
    accumulate: int = field(default=1, check=ge(1), help="parts a batch is computed in, one after the other")
    clip: float | None = field(default=None, check=optional(gt(0.0)), help="greatest norm of the gradient")
    validation: float = field(
        default=0.1, check=and_(ge(0.0), lt(1.0)), help="share of the episodes held back to validate on"
    )
    device: str = field(
        default="auto", check=matches_re(r"auto|cpu|mps|cuda(:\d+)?"), help="auto, cpu, mps, cuda or cuda:N"
    )
    precision: Literal["auto", "fp32", "tf32", "bf16"] = field(
        default="auto", help="auto: bf16 autocast where the hardware computes in it; fp32 never rounds to TF32"
    )
    compile: Literal["auto", "on", "off"] = field(
        default="auto", help="torch.compile; auto: on CUDA where all batches have one shape"
    )
    shard: bool = field(default=False, help="spread weights and optimiser over all processes (FSDP)")
    optimizer: Any = _part("optimizer", "updates the weights", "Adam")
    backbone_lr: float | None = field(
        default=None, check=optional(gt(0.0)), help="learning rate of the backbone; without it, the optimiser's own"
    )
    schedule: Any = _part("schedule", "changes the learning rate over time", "plateau")
    evaluate_every: int = field(
        default=0, check=ge(0), help="epochs between rollouts during training; 0: only after training"
    )
    evaluate_episodes: int = field(
        default=20, check=ge(1), help="starts of those rollouts; none is a start of the final evaluation"
    )
    evaluate_last: int = field(
        default=10, check=ge(1), help="the latest of those rollouts, whose mean success is reported beside the maximum"
    )
    best: Literal["val_loss", "success"] = field(default="val_loss", help="what makes a policy the best of its run")
    log_every: int = field(default=50, check=ge(1), help="steps between looks at loss and speed")
    save_minutes: float = field(
        default=1.0, check=ge(0.0), help="work that a crash may cost; 0: saved after every step"
    )
    keep: int = field(default=2, check=ge(1), help="training states kept for bczoo train --resume, the latest ones")
    max_minutes: float | None = field(default=None, check=optional(gt(0.0)), help="training ends after that time")
    strict: bool = field(
        default=False, help="a callback or plugin that raises ends the run, also where it only observes"
    )

    def __attrs_post_init__(self) -> None:
        if self.epochs is None and self.steps is None:
            raise ValueError("says neither epochs nor steps; set one, e.g. epochs = 10")
        if self.best == "success" and not self.evaluate_every:
            raise ValueError('best = "success" needs rollouts during training; set evaluate_every, e.g. to 5')


@attrs.frozen(kw_only=True)
class Eval:
    """How the trained policy is judged."""

    episodes: int = field(
        default=100,
        check=and_(ge(0), le(100_000)),
        help="held-out starts, the same for every policy; 0: no evaluation, only training",
    )
    seed: int = field(default=0, check=ge(0), help="seed of the held-out starts")
    slots: int = field(
        default=50,
        check=and_(ge(1), le(1024)),
        help="environments stepped side by side; with twice as many as `batch`, the policy decides for one half while "
        "the other is stepped",
    )
    batch: int = field(
        default=25,  # 100 starts fill such batches evenly
        check=and_(ge(1), le(1024)),
        help="observations decided on at once, filled up where there are fewer slots, so that slots change no bit; "
        "1 for a robot",
    )
    execute: int = field(default=1, check=ge(1), help="actions of a chunk executed before the next is predicted")
    ensemble: float | None = field(
        default=None,
        check=optional(ge(0.0)),
        help="average what all chunks so far say about a step, the i-th oldest with weight exp(-ensemble * i), "
        "e.g. 0.01; may help or hurt, so compare; without it, off",
    )
    shift: tuple[str, ...] = field(
        default=(),
        help="judge under these shifts of the env as well, each by itself and from the same starts: NAME or "
        "NAME=STRENGTH, e.g. action_delay=2; an env says which it offers",
    )
    videos: int = field(
        default=9, check=and_(ge(0), le(100)), help="rollouts shown side by side in rollouts.mp4; 0: no video"
    )


@attrs.frozen(kw_only=True)
class Spec:
    """Everything that determines a run."""

    name: str = field(
        check=matches_re(r"[A-Za-z0-9][A-Za-z0-9._-]*"), help="names the run's folder: letters, digits, . _ -"
    )
    seed: int = field(
        default=0, check=and_(ge(0), le(2**32 - 1)), help="seeds weights, sample order and validation split"
    )
    env: Any = _part("env", "the environment: demonstrated, evaluated in")
    data: Data = field(factory=Data, help="demonstrations")
    policy: PolicySpec = field(help="the policy")
    loss: Any = _part("loss", "what training minimises", "huber")
    train: Train = field(help="training")
    eval: Eval = field(factory=Eval, help="evaluation")
    callbacks: tuple[Any, ...] = field(default=(), part="callback", help="observers of the training loop")

    def __attrs_post_init__(self) -> None:
        data, policy = self.data, self.policy
        if 0 < data.plan < policy.horizon:
            raise ValueError(
                f"data.plan = {data.plan} is shorter than policy.horizon = {policy.horizon}; set "
                f"data.plan = {policy.horizon}, or 0 to take chunks from the episode's own next actions"
            )
        if self.eval.execute > policy.horizon:
            raise ValueError(
                f"eval.execute = {self.eval.execute} is more than policy.horizon = {policy.horizon} predicts"
            )
        if mistake := ensemble_mistake(self.eval.ensemble, self.eval.execute, policy.horizon):
            raise ValueError(f"eval.{mistake}")


def ensemble_mistake(ensemble: float | None, execute: int, horizon: int) -> str | None:
    """Why chunks cannot be averaged over time here, in a sentence; None if they can, or need not be."""
    if ensemble is None or (horizon > 1 and execute == 1):
        return None
    if horizon == 1:
        return f"ensemble = {ensemble} averages chunks, but horizon = 1 predicts single actions; leave ensemble out"
    return f"ensemble = {ensemble} needs a chunk at every step; set execute = 1 instead of {execute}, or leave it out"
