"""The contracts of backbones and heads, in several situations each."""

from typing import Any

import attrs
import torch
from torch import Tensor

from bczoo.card import build
from bczoo.engine.pairs import fitting
from bczoo.engine.parts import ActionForm, Backbone, Head, Prediction
from bczoo.engine.promises import misgiven, undeclared, unscalar, unscored
from bczoo.shapes import Context, Features, Obs
from bczoo.testing.forms import PlainForm, box
from bczoo.testing.module import ROWS, Output, Trial, check_trials, noise
from bczoo.testing.subject import Subject, demand_base

HEIGHT, WIDTH = 32, 40


def check_backbone(subject: Subject) -> None:
    """One and two cameras, one and several steps; every frame is encoded for itself."""
    demand_base(subject, Backbone)
    if subject.card.load().sees:
        check_trials(subject, [_backbone_trial(subject, cameras, steps) for cameras, steps in ((1, 1), (2, 3))])
        return
    with subject.doing("building"):
        backbone = subject.build(Obs(steps=3, images={}, state=2))
    subject.refuse(undeclared("backbone", backbone))
    features = backbone.features
    empty = Features(steps=3, tokens=0, width=0)
    subject.demand(features == empty, f"looks at no camera (sees = False), so it must declare {empty}, not {features}")


def _backbone_trial(subject: Subject, cameras: int, steps: int) -> Trial:
    names = ("front", "wrist")[:cameras]
    obs = Obs(steps=steps, images=dict.fromkeys(names, (HEIGHT, WIDTH, 3)), state=0)

    def run(backbone: Any, rows: int, training: bool) -> Output:
        del training
        images = {name: noise(ROWS, 3, HEIGHT, WIDTH, seed=seed)[:rows] for seed, name in enumerate(names)}
        x_MND = backbone(images)
        subject.refuse(misgiven(Tensor, x_MND))
        return Output(main=x_MND)

    def declared(backbone: Any) -> tuple[int, ...]:
        subject.refuse(undeclared("backbone", backbone))
        features = backbone.features
        subject.demand(features.steps == steps, f"declares features of {features.steps} steps where T is {steps}")
        return features.tokens, features.width

    case = f"{cameras} camera{'s' if cameras > 1 else ''} of {HEIGHT}x{WIDTH} and T = {steps}"
    return Trial(case=case, build=lambda: subject.build(obs), declared=declared, run=run)


def check_head(subject: Subject) -> None:
    """One and several actions (H) of several sizes (A), inside the range of their form.

    A head that predicts no points is trained with the first installed loss that accepts what it predicts.
    """
    demand_base(subject, Head)
    subject.demand(isinstance(subject.card.load().predicts, str), "`predicts` must be one word, e.g. 'point'")
    for horizon, size in ((1, 1), (1, 3), (5, 7)):
        trial = _head_trial(subject, horizon, size)
        check_trials(subject, [trial])
        with subject.doing(f"a run with {trial.case} and large inputs"), torch.no_grad():
            head = trial.build().eval()
            point = head.point(head(1e4 * noise(ROWS, horizon, 16)))
            inside = bool((point.abs() <= 1).all())
            subject.demand(inside, "its output leaves the form's range; pass it through form.activate")


def _head_trial(subject: Subject, horizon: int, size: int) -> Trial:
    context, form = Context(horizon=horizon, width=16), PlainForm(None, box(size))

    def run(head: Any, rows: int, training: bool) -> Output:
        prediction = head(noise(ROWS, horizon, context.width)[:rows])
        subject.refuse(misgiven(Prediction, prediction) or unscalar(prediction.penalties))
        if head.predicts == "point":
            what = "predicts points, so that losses read `point_BHP` of its prediction, which must be a Tensor"
            subject.demand(isinstance(prediction.point_BHP, Tensor), what)
        if training:
            main, *others = _trained(subject, head, prediction, noise(rows, horizon, size, seed=1).tanh(), form)
            return Output(main=main, others=tuple(others))
        point = head.point(prediction)
        subject.refuse(misgiven(Tensor, point) and f"`point` {misgiven(Tensor, point)}")
        return Output(main=point)

    case = f"H = {horizon} and A = {size}"
    return Trial(case=case, build=lambda: subject.build(context, form), declared=lambda head: (horizon, size), run=run)


def _trained(subject: Subject, head: Any, prediction: Any, action_BHA: Tensor, form: ActionForm) -> list[Tensor]:
    """What a head says that takes part in training: all of its tensors, and the score of those that are no points."""
    said = attrs.asdict(prediction, recurse=False)
    tensors = [value for value in (*said.values(), *prediction.penalties.values()) if isinstance(value, Tensor)]
    if head.predicts == "point":
        return tensors
    losses = fitting(head.predicts)
    subject.demand(bool(losses), f"predicts {head.predicts!r}, which no installed loss accepts: nothing can train it")
    loss_BH = build(losses[0].options())(prediction, action_BHA, form)
    if broken := unscored(loss_BH, (len(action_BHA), action_BHA.shape[1])):
        subject.demand(False, f"loss {losses[0].name!r}, which accepts what it predicts, {broken}")
    return [*tensors, loss_BH]
