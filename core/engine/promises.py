"""What parts promise by what they set and return, and sentences that name the part which breaks its word."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from torch import Tensor

from bczoo.card import build, card_of
from bczoo.errors import BczooError, raised, reworded
from bczoo.registry import zoo
from bczoo.shapes import Context, Features

T = TypeVar("T")

# What a part sets when it is built, for the next part to be built for.
DECLARES: Final[Mapping[str, tuple[str, type]]] = {
    "backbone": ("features", Features),
    "temporal": ("context", Context),
    "action": ("size", int),
}


def called(options: Any) -> str:
    """The part in words, with the distribution it came from: "backbone 'two_eyes' (bczoo-two-eyes 0.1.0)"."""
    card = zoo().filed(options)
    return f"{card.kind} {card.name!r} ({card.origin})" if card.dist else f"{card.kind} {card.name!r}"


def built(options: Any, *args: Any) -> Any:
    """The part that the options describe; raises BczooError naming it where it cannot be built."""
    with reworded(lambda error: f"{called(options)} cannot be built here: {_said(error)}"):
        return build(options, *args)


def declared(options: Any, part: Any) -> Any:
    """What a part declares; raises BczooError naming it where that was forgotten."""
    if broken := undeclared(card_of(options).kind, part):
        raise BczooError(f"{called(options)} {broken}")
    return getattr(part, DECLARES[card_of(options).kind][0])


def undeclared(kind: str, part: Any) -> str:
    """What is wrong with what a part of `kind` declares; empty where nothing is."""
    name, wanted = DECLARES[kind]
    value = getattr(part, name, None)
    if isinstance(value, wanted):
        return ""
    what = "nothing there" if value is None else a(value)
    return f"must set self.{name} to {a(wanted)} when it is built; there is {what}"


def ran(options: Any, run: Callable[[], T], wanted: type | None = None) -> T:
    """What a part returns; raises BczooError naming it where it fails, or returns something else than `wanted`."""
    with reworded(lambda error: f"{called(options)} does not take what it is given: {_said(error)}"):
        value = run()
    if wanted and (broken := misgiven(wanted, value)):
        raise BczooError(f"{called(options)} {broken}")
    return value


def misgiven(wanted: type, value: Any) -> str:
    """What is wrong with what a part returns; empty where it is a `wanted`."""
    return "" if isinstance(value, wanted) else f"must return {a(wanted)}, not {a(value)}"


def misshapen(name: str, value: Any, wanted: tuple[int, ...]) -> str:
    """What is wrong with the tensor `name` that a part gives; empty where it is one of the `wanted` shape."""
    if not isinstance(value, Tensor):
        return f"must give {name} as a Tensor, not {a(value)}"
    if tuple(value.shape) == wanted:
        return ""
    return f"declares {name} of {shape(*wanted)} but gives {shape(*value.shape)}: its declaration or its code is wrong"


def unscalar(penalties: Any) -> str:
    """What is wrong with what a part adds to the training loss; empty where they are scalars by name."""
    if not isinstance(penalties, Mapping):
        return f"must give penalties as a dict of scalars by name, not {a(penalties)}"
    for name, penalty in penalties.items():
        if not isinstance(penalty, Tensor):
            return f"must give penalty {name!r} as a Tensor, not {a(penalty)}"
        if penalty.shape != ():
            return f"penalty {name!r} is no scalar but of shape {tuple(penalty.shape)}; average it over the batch"
    return ""


def learned(loss: Any) -> str:
    """What is wrong with a loss that has parameters; empty where it has none."""
    names = ", ".join(name for name, _ in loss.named_parameters())
    why = "and losses are neither trained nor saved; let the head learn it and hand it on in its prediction"
    return f"has parameters ({names}), {why}" if names else ""


def unscored(scores: Any, wanted: tuple[int, int]) -> str:
    """What is wrong with what a loss gives for B samples of H steps; empty where it is a loss_BH of `wanted` shape."""
    if isinstance(scores, Tensor) and tuple(scores.shape) == wanted:
        return ""
    seen = shape(*scores.shape) if isinstance(scores, Tensor) else a(scores)
    what = "must return one score per sample and horizon step, loss_BH, for the core to mask and average"
    return f"{what}: {shape(*wanted)} for these samples; it gives {seen}"


def shape(*sizes: int) -> str:
    """Sizes as "2x3x64"; those of a scalar are "a single number"."""
    return "x".join(map(str, sizes)) or "a single number"


def a(value: Any) -> str:
    """A value's kind, or a class, with its article: "a Tensor", "an int", "None"."""
    if value is None:
        return "None"
    name = (value if isinstance(value, type) else type(value)).__name__
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"


def _said(error: Exception) -> str:
    # The words of the usual refusals are written for people; those of others make sense beside their name only.
    return str(error) if isinstance(error, ValueError | RuntimeError) else raised(error)
