"""The contract of temporal modules."""

from typing import Any

import torch
from torch import Tensor

from bczoo.engine.parts import Temporal, TemporalOutput
from bczoo.engine.promises import misgiven, undeclared, unscalar
from bczoo.shapes import Features
from bczoo.testing.module import ROWS, Output, Trial, check_trials, close, noise
from bczoo.testing.subject import Subject, demand_base

A, D = 3, 8
# T, H, N and S; N is 0 behind a backbone that looks at no camera.
SIZES = ((1, 1, 1, 0), (1, 1, 2, 3), (3, 1, 1, 3), (2, 4, 1, 0), (3, 2, 0, 3), (4, 5, 2, 3))


def check_temporal(subject: Subject) -> None:
    """One and several steps (T), actions (H) and tokens (N), with and without a state (S)."""
    demand_base(subject, Temporal)
    check_trials(subject, [_trial(subject, *size) for size in SIZES])
    with subject.doing("a rollout frame by frame"), torch.no_grad():
        module = _build(subject, *SIZES[-1]).eval()
        if module.recurrent:
            _check_memory(subject, module)


def _build(subject: Subject, steps: int, horizon: int, tokens: int, state: int) -> Any:
    features = Features(steps=steps, tokens=tokens, width=D if tokens else 0)
    return subject.build(features, state, horizon, A)


def _inputs(steps: int, tokens: int, state: int, rows: int = ROWS) -> tuple[Tensor, Tensor]:
    x_BTND = noise(ROWS, steps, tokens, D if tokens else 0)
    return x_BTND[:rows], noise(ROWS, steps, state, seed=1)[:rows]


def _trial(subject: Subject, steps: int, horizon: int, tokens: int, state: int) -> Trial:
    def run(temporal: Any, rows: int, training: bool) -> Output:
        inputs = _inputs(steps, tokens, state, rows)
        # Demonstrations are there in training only, as in the core; the last row ends in padding.
        mask = torch.ones(ROWS, horizon, dtype=torch.bool)
        mask[-1, 1:] = False
        demo = (noise(ROWS, horizon, A, seed=2).tanh(), mask) if training else ()
        output = temporal(*inputs, *demo)
        subject.refuse(misgiven(TemporalOutput, output) or unscalar(output.penalties))
        return Output(main=output.x_BHD, others=tuple(output.penalties.values()))

    def declared(temporal: Any) -> tuple[int, ...]:
        subject.refuse(undeclared("temporal", temporal))
        context = temporal.context
        subject.demand(context.horizon == horizon, f"declares a horizon of {context.horizon} where H is {horizon}")
        return horizon, context.width

    return Trial(
        case=f"T = {steps}, H = {horizon}, N = {tokens}, S = {state}",
        build=lambda: _build(subject, steps, horizon, tokens, state),
        declared=declared,
        run=run,
    )


def _check_memory(subject: Subject, module: Any) -> None:
    steps, _, tokens, state = SIZES[-1]
    x_BTND, state_BTS = _inputs(steps, tokens, state)
    whole = module(x_BTND, state_BTS).x_BHD
    memory = module.start(ROWS)
    for step in range(steps):
        output, memory = module.step(x_BTND[:, step], state_BTS[:, step], memory)
        batch_first = all(len(tensor) == ROWS for tensor in memory)
        subject.demand(batch_first, "its memory must be tensors whose first dimension is the batch")
    subject.demand(
        close(output.x_BHD, whole), "`step`, from `start` through T frames, gives other output than `forward` of them"
    )
