"""The contract of action forms, and the plainest form there is, to test other parts with."""

from typing import Any

import torch
from torch import Tensor

from bczoo.engine.parts import ActionForm
from bczoo.engine.promises import undeclared
from bczoo.errors import BczooError
from bczoo.shapes import Action
from bczoo.testing.module import Output, Trial, check_trials, noise
from bczoo.testing.subject import Subject

# A form may bend what it writes this much, in units of the scaled action; a step of 1e-4 moves nothing.
LOSS = 5e-4
# Far beyond what an untrained head says, both in float32 and rounded to bfloat16.
EXTREMES = (0.0, 1e-3, 1.0, 30.0, 1e4)


def box(size: int) -> Action:
    """An action of `size` numbers between -1 and 1."""
    return Action(size=size, low=(-1.0,) * size, high=(1.0,) * size)


class PlainForm(ActionForm):
    """The action itself, squeezed into [-1, 1] by tanh."""

    def __init__(self, options: Any, action: Action) -> None:
        super().__init__(options, action)
        self.size = action.size

    def encode(self, action_A: Tensor) -> Tensor:
        """The action."""
        return action_A

    def activate(self, raw_P: Tensor) -> Tensor:
        """Into [-1, 1]."""
        return raw_P.tanh()

    def decode(self, code_P: Tensor) -> Tensor:
        """The action."""
        return code_P

    def residual(self, predicted_P: Tensor, target_P: Tensor) -> Tensor:
        """The difference."""
        return predicted_P - target_P


def check_action(subject: Subject) -> None:
    """Every action size the form takes, of 1 to 4 and 7; it must take at least one."""
    forms = {size: form for size in (1, 2, 3, 4, 7) if (form := _built(subject, size)) is not None}
    subject.demand(bool(forms), "refuses every action size from 1 to 7")
    for size, form in forms.items():
        with subject.doing(f"work on actions of size {size}"):
            _check_shapes(subject, form, size)
            _check_reading(subject, form, size)
            _check_gradients(subject, form, size)
    check_trials(subject, [_trial(subject, size) for size in forms])


def _built(subject: Subject, size: int) -> ActionForm | None:
    """The form for an action of `size`, None where it refuses that size with a sentence."""
    with subject.doing(f"building for an action of size {size}"):
        try:
            form: ActionForm = subject.build(box(size))
        except (ValueError, BczooError) as error:
            subject.demand(bool(str(error)), f"refuses actions of size {size} without saying why")
            return None
    subject.demand(isinstance(form, ActionForm), f"{subject.card.impl} is no subclass of ActionForm")
    subject.refuse(undeclared("action", form))
    return form


def _corners(size: int) -> Tensor:
    """Random actions, and those where coordinates tend to break: zero, tiny, along each axis, and corners."""
    axes = torch.eye(size)
    special = [torch.zeros(1, size), 1e-6 * axes, axes, -axes, torch.ones(1, size), -torch.ones(1, size)]
    return torch.cat([*special, noise(200, size).clamp(-1, 1)])


def _check_shapes(subject: Subject, form: ActionForm, size: int) -> None:
    code = form.encode(noise(2, 3, size).tanh())
    subject.demand(code.shape == (2, 3, form.size), f"declares size {form.size} but encodes to {tuple(code.shape)}")
    for name, seen, expected in (
        ("activate", form.activate(code), (2, 3, form.size)),
        ("decode", form.decode(code), (2, 3, size)),
        ("residual", form.residual(code, code)[..., 0], (2, 3)),
    ):
        subject.demand(
            tuple(seen.shape) == expected, f"{name} does not keep the leading dimensions of what it is given"
        )


def _check_reading(subject: Subject, form: ActionForm, size: int) -> None:
    action = _corners(size)
    code = form.encode(action)
    wrong = (form.decode(code) - action).abs().amax(-1) > LOSS
    subject.demand(not wrong.any(), f"decode(encode(a)) is not a, e.g. for a = {action[wrong][:1].tolist()}")
    subject.demand(not form.residual(code, code).any(), "an encoded action differs from itself: residual is not zero")
    inner = form.encode(noise(100, size).tanh())
    differs = form.residual(inner[1:], inner[:-1]).flatten(1).any(-1)
    subject.demand(bool(differs.all()), "residual is zero between actions that differ")


def _check_gradients(subject: Subject, form: ActionForm, size: int) -> None:
    for dtype in (torch.float32, torch.bfloat16):
        for scale in EXTREMES:
            raw = (scale * noise(len(_corners(size)), form.size)).to(dtype).requires_grad_()
            code = form.activate(raw.float())
            total = form.residual(code, form.encode(_corners(size))).square().sum() + form.decode(code).square().sum()
            total.backward()  # type: ignore[no-untyped-call]
            kept = bool(total.isfinite()) and raw.grad is not None and bool(raw.grad.isfinite().all())
            subject.demand(kept, f"values or gradients are not finite for head outputs around {scale:g} in {dtype}")


def _trial(subject: Subject, size: int) -> Trial:
    def run(form: Any, rows: int, training: bool) -> Output:
        del training
        raw = noise(3, form.size)[:rows]
        return Output(main=form.decode(form.activate(raw)))

    return Trial(case=f"A = {size}", build=lambda: subject.build(box(size)), declared=lambda form: (size,), run=run)
