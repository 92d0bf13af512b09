"""The questions with their answers: figures, and the sentences that follow from them."""

from typing import Final

import attrs

from bczoo.engine.comparison import said_between, said_chance, said_points
from zoo import plan
from zoo.measures import Difference, Rate, corrected, difference, rate
from zoo.plan import Level, Question
from zoo.record import Record, cell_of, runs_of, successes

WAITING: Final = "no result yet"
UNDECIDED: Final = 0.1  # a difference that the interval allows and that would matter, if it were there


@attrs.frozen(kw_only=True)
class Found:
    """A level's result; None where its runs are not all there. `apart` is its difference to the first level."""

    level: Level
    rate: Rate | None
    apart: Difference | None = None


@attrs.frozen(kw_only=True)
class Answer:
    """A question, what was found for each of its levels, and what that means."""

    question: Question
    found: list[Found]


def answers(records: dict[str, Record]) -> list[Answer]:
    """All questions; p-values are corrected for all comparisons that could be made."""
    asked = [Answer(question=question, found=_found(records[question.sweep], question)) for question in plan.QUESTIONS]
    fixed = iter(corrected([found.apart for answer in asked for found in answer.found if found.apart]))
    return [
        attrs.evolve(
            answer,
            found=[attrs.evolve(found, apart=next(fixed)) if found.apart else found for found in answer.found],
        )
        for answer in asked
    ]


def compared(asked: list[Answer]) -> int:
    """How many comparisons there are."""
    return sum(found.apart is not None for answer in asked for found in answer.found)


def _found(record: Record, question: Question) -> list[Found]:
    runs = [runs_of(record, cell_of(record, question.key, level.value)) for level in question.levels]
    complete = [len(some) == record["seeds"] for some in runs]
    return [
        Found(
            level=level,
            rate=rate(successes(some)) if whole else None,
            apart=difference(successes(runs[0]), successes(some)) if complete[0] and whole and number else None,
        )
        for number, (level, some, whole) in enumerate(zip(question.levels, runs, complete, strict=True))
    ]


def sentences(answer: Answer) -> str:
    """What was found: a sentence for every level but the first."""
    first, *others = answer.found
    if first.rate is None:
        return "This has not been measured yet."
    return " ".join(_sentence(first, other) for other in others)


def _sentence(first: Found, other: Found) -> str:
    name, base = other.level.name, first.level.name
    if other.rate is None or first.rate is None or other.apart is None:
        return f"There is no result for {name} yet."
    apart = other.apart
    values = f"{said_rate(other.rate)} against {said_rate(first.rate)}"
    gap = (
        f"{said_points(apart.value)} points ({said_between(apart.interval, said_points)}), {said_chance(apart.p_value)}"
    )
    if apart.significant:
        side = "higher" if apart.value > 0 else "lower"
        return f"With {name}, success is **significantly {side}** than with {base}: {values}, a difference of {gap}."
    if max(map(abs, apart.interval)) > UNDECIDED:
        return f"Whether {name} or {base} does better is **not decided**: {values}, a difference of {gap}."
    return f"Between {name} and {base} **no significant difference** is seen: {values}, a difference of {gap}."


def said_rate(found: Rate) -> str:
    """A rate with its interval."""
    return f"{100 * found.value:.1f} % ({said_between(found.interval, lambda share: f'{100 * share:.1f}')})"


def said_gap(apart: Difference) -> str:
    """A difference in points with its interval."""
    return f"{said_points(apart.value)} ({said_between(apart.interval, said_points)})"
