"""The contract of losses."""

from typing import Any

import torch
from torch import Tensor

from bczoo.engine.parts import Loss, Prediction
from bczoo.engine.promises import learned, unscored
from bczoo.testing.forms import PlainForm, box
from bczoo.testing.module import close, noise
from bczoo.testing.subject import Subject

B, H, A = 3, 4, 3


def check_loss(subject: Subject) -> None:
    """Learns nothing and says what it accepts; if points, scores each action for itself, the expert's own best.

    Losses for other predictions need a head that makes them: `check_head` tries them together.
    """
    with subject.doing("building"):
        loss = subject.build()
    subject.demand(isinstance(loss, Loss), f"{subject.card.impl} is no subclass of bczoo.engine.parts.Loss")
    subject.refuse(learned(loss))
    accepts = loss.accepts
    words = isinstance(accepts, frozenset) and bool(accepts) and all(isinstance(word, str) for word in accepts)
    subject.demand(words, "`accepts` must be a frozenset of words, e.g. frozenset({'point'})")
    if "point" in accepts:
        with subject.doing("scoring"):
            _check_scores(subject, loss)
            _check_independence(subject, loss)
            _check_gradients(subject, loss)


def _score(loss: Any, point_BHP: Tensor, action_BHA: Tensor) -> Tensor:
    scores: Tensor = loss(Prediction(point_BHP=point_BHP), action_BHA, PlainForm(None, box(A)))
    return scores


def _expert() -> Tensor:
    return 0.4 * noise(B, H, A).tanh()


def _check_scores(subject: Subject, loss: Loss) -> None:
    action = _expert()
    scores = [_score(loss, action + shift, action) for shift in (0.0, 0.1, 0.5)]
    for score in scores:
        subject.refuse(unscored(score, (B, H)))
        subject.demand(bool(score.isfinite().all()), "a score is not finite")
    rising = bool((scores[0] < scores[1]).all() and (scores[1] < scores[2]).all())
    subject.demand(rising, "the score must be lowest for the expert's own action and grow with the distance from it")


def _check_independence(subject: Subject, loss: Loss) -> None:
    action = _expert()
    predicted = action + 0.3 * noise(B, H, A, seed=1)
    whole = _score(loss, predicted, action)
    changed = _score(loss, torch.cat([predicted[:, :-1], predicted[:, -1:] + 1.0], dim=1), action)
    subject.demand(
        close(whole[:, :-1], changed[:, :-1]),
        "a horizon step's score depends on the other steps, so that padding would count",
    )
    alone = _score(loss, predicted[:1], action[:1])
    subject.demand(close(alone, whole[:1]), "a sample's score depends on the other samples of its batch")


def _check_gradients(subject: Subject, loss: Loss) -> None:
    action = _expert()
    predicted = (action + 0.3 * noise(B, H, A, seed=1)).requires_grad_()
    total = _score(loss, predicted, action).sum()
    subject.demand(total.requires_grad, "no gradient reaches the prediction: the score is detached from it")
    total.backward()  # type: ignore[no-untyped-call]
    gradient = predicted.grad
    kept = gradient is not None and bool(gradient.isfinite().all()) and bool(gradient.any())
    subject.demand(kept, "the gradient of the prediction is missing, zero or not finite")
