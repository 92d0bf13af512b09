"""What a comparison of runs found, and what that means in sentences."""

import math
from collections.abc import Callable
from typing import Any, Final

import attrs

from bczoo.engine.paired import Estimate, Resampled, least_won
from bczoo.engine.spec_changes import Change

FEW: Final = 50  # starts with which only large differences can be told from chance


@attrs.frozen(kw_only=True)
class Outcome:
    """How one run did on the starts that all have in common; `interval` is the 95 % Wilson interval of its rate."""

    name: str
    success_rate: float
    interval: tuple[float, float]
    successes: int
    median_steps: float | None  # of its successes
    mean_return: float
    left_out: int  # starts it was evaluated on, and another run was not


@attrs.frozen(kw_only=True)
class Contrast:
    """A run beside the baseline; every difference is the run's value minus the baseline's.

    `won` and `lost` are the starts from which the run alone and the baseline alone succeeds. `p_value` is that of
    McNemar's exact test; `corrected_p` is the same after Holm's correction for several runs, and by it a difference
    is `significant` or not. Steps are compared where both succeed, and their difference is the median one.
    `starts_needed` is roughly how many it takes to see such a difference in success, None where there is none.
    `changes` are those of the spec, `seeds` apart; None where a spec is not known.
    """

    name: str
    won: int
    lost: int
    success: Estimate
    p_value: float
    corrected_p: float
    significant: bool
    starts_needed: int | None
    steps: Resampled
    episode_return: Resampled
    changes: list[Change] | None
    seeds: list[Change] | None


@attrs.frozen(kw_only=True)
class Comparison:
    """Evaluated runs on the starts they have in common; the first of `outcomes` is the baseline's.

    `again` are the names of those that were given a second time.
    """

    starts: int
    success_rule: str
    outcomes: list[Outcome]
    contrasts: list[Contrast]
    again: list[str] = attrs.field(factory=list)

    @property
    def verdicts(self) -> list[str]:
        """Whether each run differs from the baseline, a sentence each."""
        return [_verdict(self.outcomes[0].name, contrast, len(self.contrasts)) for contrast in self.contrasts]

    @property
    def notes(self) -> list[str]:
        """What to bear in mind about all of it, a sentence each."""
        return [*_about_starts(self), *_about_meaning(self)]

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values, sentences included."""
        return attrs.asdict(self, value_serializer=_listed) | {"verdicts": self.verdicts, "notes": self.notes}


def _listed(_: Any, __: Any, value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _verdict(baseline: str, contrast: Contrast, compared: int) -> str:
    room = said_between(contrast.success.interval, said_points)
    seen = f"{said_points(contrast.success.value)} points (95 % interval {room})"
    chance = said_chance(contrast.corrected_p)
    if compared > 1:
        chance += " after Holm's correction"
    if contrast.significant:
        more = "more" if contrast.won > contrast.lost else "less"
        return f"{contrast.name} succeeds {more} often than {baseline}: {seen}, {chance}."
    if contrast.starts_needed is None:
        return f"{contrast.name} and {baseline} succeed equally often; a difference of {room} points would fit that."
    return (
        f"{contrast.name} and {baseline} do not differ significantly: {seen}, {chance}. "
        f"A difference of this size would take about {_rounded_up(contrast.starts_needed):,} starts to see."
    )


def _about_starts(comparison: Comparison) -> list[str]:
    n, needed = comparison.starts, least_won()
    told = [f"{name} is given twice and compared once." for name in dict.fromkeys(comparison.again)]
    if left_out := [f"{run.left_out} of {run.name}" for run in comparison.outcomes if run.left_out]:
        told.append(f"Only the starts that all have in common are compared; left out are {', '.join(left_out)}.")
    if n < needed:
        few = "1 start is" if n == 1 else f"{n} starts are"
        told.append(f"{few} too few: nothing seen on fewer than {needed} can be significant.")
    elif n < FEW:
        least = math.floor(100 * needed / n)  # rounded up, it would deny what 6 of 49 starts can show
        told.append(f"{n} starts are few: no difference below {least} points ({needed} starts) can be significant.")
    return told


def _about_meaning(comparison: Comparison) -> list[str]:
    if any(contrast.significant for contrast in comparison.contrasts):
        return [
            "This is about these trained policies; to see what a change of the spec does, train it with several seeds."
        ]
    return []


def said_points(rate: float) -> str:
    """A difference of rates in percentage points, with its sign."""
    return f"{100 * rate:+.1f}"


def said_between(interval: tuple[float, float] | None, said: Callable[[float], str]) -> str:
    """An interval, its ends said by `said`; a dash where there is none."""
    return "-" if interval is None else f"{said(interval[0])} to {said(interval[1])}"


def said_p(p_value: float) -> str:
    """A p-value with two digits that count."""
    return "< 0.0001" if p_value < 1e-4 else f"{p_value:.2g}"


def said_chance(p_value: float) -> str:
    """The same in a sentence, with its letter."""
    said = said_p(p_value)
    return f"p {said}" if said.startswith("<") else f"p = {said}"


def _rounded_up(n: int) -> int:
    """`n` with two digits that count, since it is a rough one."""
    unit = int(10 ** max(0, len(str(n)) - 2))
    return -(-n // unit) * unit
