"""What goes together: losses and heads, cached features and backbones."""

from typing import Any

import attrs

from bczoo.card import Card, card_of
from bczoo.errors import BczooError, InputError, SpecError
from bczoo.registry import zoo


def check_pair(head: Any, loss: Any) -> None:
    """Raise InputError, naming the losses that do fit, unless `loss` can score what `head` predicts.

    Both are options; what they predict and accept is declared on the classes their cards point at.
    """
    head_card, loss_card = card_of(head), card_of(loss)
    predicts: str = head_card.load().predicts
    accepts = loss_card.load().accepts
    if predicts in accepts:
        return
    fits = [card.name for card in fitting(predicts)]
    raise InputError(
        f"head {head_card.name!r} predicts {predicts!r}, and loss {loss_card.name!r} scores only "
        f"{', '.join(sorted(accepts))}; losses that fit: {', '.join(fits) or 'none is installed'}"
    )


def fitting(predicts: str) -> list[Card]:
    """The losses that can train a head which predicts that."""
    return [card for card in zoo().of_kind("loss") if _accepts(card, predicts)]


def _accepts(card: Card, predicts: str) -> bool:
    try:
        return predicts in card.load().accepts
    except BczooError:  # a loss whose library is missing cannot be advised
        return False


def refuse_learning(backbone: Any, trainable: int) -> None:
    """Raise SpecError if a backbone (its options) has trainable parameters, and so features that cannot be cached."""
    if not trainable:
        return
    if "freeze" in attrs.fields_dict(type(backbone)):
        fix = "set policy.backbone.freeze = true"
    else:
        fix = f"{card_of(backbone).name!r} always learns, so take data.cache_features out of the spec"
    raise SpecError([f"data.cache_features = true needs a backbone that does not learn; {fix}"])
