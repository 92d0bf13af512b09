"""The contracts of backbones and heads, in several situations each."""

from typing import Any

import attrs
import torch
from torch import Tensor

from bczoo.engine.parts import Backbone, Head, Prediction
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
        features = subject.build(Obs(steps=3, images={}, state=2)).features
    empty = Features(steps=3, tokens=0, width=0)
    subject.demand(features == empty, f"looks at no camera (sees = False), so it must declare {empty}, not {features}")


def _backbone_trial(subject: Subject, cameras: int, steps: int) -> Trial:
    names = ("front", "wrist")[:cameras]
    obs = Obs(steps=steps, images=dict.fromkeys(names, (HEIGHT, WIDTH, 3)), state=0)

    def run(backbone: Any, rows: int, training: bool) -> Output:
        del training
        images = {name: noise(ROWS, 3, HEIGHT, WIDTH, seed=seed)[:rows] for seed, name in enumerate(names)}
        return Output(main=backbone(images))

    def declared(backbone: Any) -> tuple[int, ...]:
        features = backbone.features
        subject.demand(features.steps == steps, f"declares features of {features.steps} steps where T is {steps}")
        return features.tokens, features.width

    case = f"{cameras} camera{'s' if cameras > 1 else ''} of {HEIGHT}x{WIDTH} and T = {steps}"
    return Trial(case=case, build=lambda: subject.build(obs), declared=declared, run=run)


def check_head(subject: Subject) -> None:
    """One and several actions (H) of several sizes (A), inside the range of their form."""
    demand_base(subject, Head)
    subject.demand(isinstance(subject.card.load().predicts, str), "`predicts` must be one word, e.g. 'point'")
    for horizon, size in ((1, 1), (1, 3), (5, 7)):
        trial = _head_trial(subject, horizon, size)
        check_trials(subject, [trial])
        with subject.doing(f"a run with {trial.case} and large inputs"), torch.no_grad():
            point = trial.build().eval()(1e4 * noise(ROWS, horizon, 16)).point_BHP
            inside = bool((point.abs() <= 1).all())
            subject.demand(inside, "its output leaves the form's range; pass it through form.activate")


def _head_trial(subject: Subject, horizon: int, size: int) -> Trial:
    context = Context(horizon=horizon, width=16)

    def run(head: Any, rows: int, training: bool) -> Output:
        del training
        prediction: Prediction = head(noise(ROWS, horizon, context.width)[:rows])
        # What a head says beside its best guess is trained too.
        said = attrs.asdict(prediction, recurse=False)
        others = [value for name, value in said.items() if name != "point_BHP" and isinstance(value, Tensor)]
        return Output(main=prediction.point_BHP, others=tuple(others))

    case = f"H = {horizon} and A = {size}"
    build = lambda: subject.build(context, PlainForm(None, box(size)))  # noqa: E731
    return Trial(case=case, build=build, declared=lambda head: (horizon, size), run=run)
