"""Before the first step: device and processes, weights, optimiser, and everything else a trainer is made of."""

from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs, set_seed
from torch import nn

from bczoo.card import build, card_of
from bczoo.engine.assembly import assemble
from bczoo.engine.clock import Clock
from bczoo.engine.console import log
from bczoo.engine.device import set_precision
from bczoo.engine.divergence import Guard
from bczoo.engine.keeper import Keeper
from bczoo.engine.policy import Policy
from bczoo.engine.run import Run
from bczoo.engine.step import Objective, Stepper
from bczoo.engine.team import PATIENCE, Team
from bczoo.engine.train import Trainer
from bczoo.engine.windows import Windows
from bczoo.errors import BczooError, InputError
from bczoo.shapes import Action, Obs
from bczoo.spec import Spec


def new_accelerator(device: torch.device) -> Accelerator:
    """Accelerate over that device, or over all of the machine's when launched with several processes."""
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    patience = InitProcessGroupKwargs(timeout=PATIENCE)
    accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision="no", kwargs_handlers=[patience])
    if accelerator.device.type != device.type:
        raise BczooError(
            f"this process has already trained on {accelerator.device}, and accelerate keeps to it; "
            f"start another process to train on {device}"
        )
    return accelerator


def seeded_policy(spec: Spec, obs: Obs, action: Action) -> Policy:
    """A policy whose initial weights depend on the spec's seed alone."""
    set_seed(spec.seed)
    return assemble(spec.policy, obs, action, spec.loss)


def move(policy: Policy, spec: Spec, device: torch.device, precision: str) -> None:
    """Put a policy where it is trained, as it computes fastest there."""
    set_precision(precision)
    # Spread weights are cut along their first dimension, which channels-last ones do not allow.
    layout = torch.contiguous_format if spec.train.shard else torch.channels_last
    policy.to(device, memory_format=layout)  # type: ignore[call-overload]


def new_trainer(
    run: Run, accelerator: Accelerator, team: Team, windows: tuple[Windows, Windows], precision: str
) -> Trainer:
    """Optimiser, schedule and loss for a run's policy, which has been moved to its device, ready to fit."""
    spec, policy, device = run.spec, run.policy, accelerator.device
    if compiles(spec, device):
        # What nobody asked for must not fail: then, parts that the compiler cannot see through run as they are.
        torch._dynamo.config.suppress_errors = spec.train.compile == "auto"
        policy.compile()
    objective = Objective(policy, build(spec.loss), bf16=precision == "bf16")
    model = _spread(objective, spec, accelerator, team)
    groups = parameter_groups(policy, spec.train.backbone_lr)
    optimizer = run.observers.first("bczoo_optimizer", run.step, run=run, groups=groups)
    optimizer = build(spec.train.optimizer, groups) if optimizer is None else optimizer
    clock = Clock(device)
    if team.rank:
        # Each process draws its own dropout; the first goes on as if it were alone.
        torch.manual_seed(spec.seed + team.rank)
    stepper = Stepper(
        objective=objective,
        model=model,
        optimizer=optimizer,
        augmentations=[build(options) for options in spec.data.augment],
        generator=torch.Generator(device).manual_seed(spec.seed + team.rank),
        processes=team.size,
        clip=spec.train.clip,
        clock=clock,
    )
    return Trainer(
        run=run,
        team=team,
        stepper=stepper,
        schedule=build(spec.train.schedule, optimizer, run.total_steps),
        train_windows=windows[0],
        val_windows=windows[1],
        keeper=Keeper(run, main=team.rank == 0),
        clock=clock,
        device=device,
        order=torch.Generator().manual_seed(spec.seed),
        total=torch.zeros((), device=device),
        guard=Guard(device),
    )


def _spread(objective: Objective, spec: Spec, accelerator: Accelerator, team: Team) -> nn.Module:
    """The objective as several processes minimise it together: with copies of the policy, or with one they share."""
    if not spec.train.shard:
        model: nn.Module = accelerator.prepare_model(objective)
        return model
    if team.size == 1:
        raise InputError("train.shard = true spreads a policy over several processes; start them with torchrun")
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(accelerator.device.type, (team.size,))
    # The backbone by itself, as it is the largest part: beside it, only its own weights are ever gathered.
    fully_shard(objective.policy.backbone, mesh=mesh)
    fully_shard(objective, mesh=mesh)
    return objective


def compiles(spec: Spec, device: torch.device) -> bool:
    """Whether the policy is compiled: by choice, or where it pays, on CUDA with batches of one shape.

    Windows that share frames make batches of many shapes, and compiling for the CPU takes minutes.
    """
    if spec.train.compile == "auto":
        return device.type == "cuda" and spec.data.stretch == 1
    return spec.train.compile == "on"


def parameter_groups(policy: Policy, backbone_lr: float | None = None) -> list[dict[str, Any]]:
    """What learns, as torch's optimisers take it; the backbone in a group of its own if it has its own rate."""
    learns = [(name, value) for name, value in policy.named_parameters() if value.requires_grad]
    if backbone_lr is None:
        return [{"params": [value for _, value in learns]}]
    backbone = [value for name, value in learns if name.startswith("backbone.")]
    if not backbone:
        name = card_of(policy.spec.backbone).name
        log.warning(f"train.backbone_lr = {backbone_lr:g} changes nothing: backbone {name!r} does not learn")
    rest = [value for name, value in learns if not name.startswith("backbone.")]
    return [{"params": rest}, *([{"params": backbone, "lr": backbone_lr}] if backbone else [])]
