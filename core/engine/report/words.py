"""Figures and results as the page says them."""

import shlex
from collections.abc import Sequence
from itertools import chain
from typing import Any

from bczoo.engine.comparison import said_between
from bczoo.engine.metrics import number
from bczoo.engine.report.sources import Source
from bczoo.engine.report.standing import Beside, Standing

_CHOSEN = ("episodes", "seed", "execute", "ensemble")  # settings of an evaluation that `bczoo eval` has options for
_FEW = 4  # specs beside the baseline of which each gets its own sentence


def percent(rate: float) -> str:
    """A rate."""
    return f"{rate:.1%}"


def between(interval: tuple[float, float] | None) -> str:
    """The interval of a rate."""
    return said_between(interval, percent)


def signed(value: float) -> str:
    """A difference."""
    return f"{value:+.3g}"


def count_of(count: int, thing: str) -> str:
    """So many of a thing."""
    return f"{count} {thing}{'s' * (count != 1)}"


def first_result(standings: Sequence[Standing], beside: Sequence[Beside]) -> list[str]:
    """The sentences that the page begins with: how well the first does, and what differs from it."""
    if not standings:
        return ["Nothing is evaluated yet, so there is no result to report."]
    first = standings[0]
    if len(first.rates) == 1:
        runs = [run for run in first.group.runs if run.judged]
        won, n = len(runs[0].starts) - len(runs[0].failures), len(runs[0].starts)
        said = f"succeeds from {won} of {n} held-out starts: {percent(first.rate)}"
    else:
        said = f"succeeds from {percent(first.rate)} of the held-out starts, over {len(first.rates)} seeds"
    told = [f"{first.group.name} {said} (95 % interval {between(first.interval)})."]
    best = max(standings, key=lambda one: one.rate)
    if len(beside) > _FEW and best.rate > first.rate:
        told.append(
            f"{best.group.name} has the highest success rate: {percent(best.rate)} (95 % interval "
            f"{between(best.interval)})."
        )
    return told + (_each(beside) if len(beside) <= _FEW else _counted(first.group.name, beside))


def _each(beside: Sequence[Beside]) -> list[str]:
    return [one.sentence for one in beside]


def _counted(baseline: str, beside: Sequence[Beside]) -> list[str]:
    told = []
    for verdict, how in (("better", "more"), ("worse", "less")):
        if names := [one.name for one in beside if one.verdict == verdict]:
            listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
            verb = "succeeds" if len(names) == 1 else "succeed"
            told.append(f"{len(names)} of {len(beside)} others {verb} significantly {how} often: {listed}.")
    if alike := sum(not one.significant for one in beside):
        do = "does" if alike == 1 else "do"
        told.append(f"{alike} of {len(beside)} others {do} not differ significantly from {baseline}.")
    return told


def unfinished(sources: Sequence[Source]) -> str:
    """How many have no result, and why; empty where all have."""
    states = [source.state for source in sources if source.state != "done"]
    if not states:
        return ""
    each = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    have = "have" if len(states) > 1 else "has"
    return f"{len(states)} of {count_of(len(sources), 'run')} {have} no result: {', '.join(each)}."


def state_of(source: Source) -> str:
    """How far it is, with the epochs of a run that is under way."""
    if source.state != "unfinished" or not source.metrics:
        return source.state
    train: Any = (source.spec or {}).get("train")
    epochs = train.get("epochs") if isinstance(train, dict) else None
    done = number(source.metrics[-1], "epoch")
    return f"unfinished: {done:g}{f' of {epochs}' if isinstance(epochs, int) else ''} epochs"


def command_of(source: Source) -> str:
    """What makes this source again, as it is typed."""
    folder = source.folder
    if source.policy is None:
        name = f"{source.name.rpartition('/')[2]}-again"
        return shlex.join(["bczoo", "train", "--spec", str(folder / "spec.toml"), "--run", name])
    settings = source.judged.settings if source.judged else {}
    chosen = [[f"--{key}", str(settings[key])] for key in _CHOSEN if settings.get(key) is not None]
    chosen += [["--shift", str(shift.shift)] for shift in source.shifts]
    # What the policy's own spec asks for, and this evaluation did not.
    if settings.get("ensemble") is None and source.usual.get("ensemble") is not None:
        chosen.append(["--no-ensemble"])
    if source.usual.get("shift") and not source.shifts:
        chosen.append(["--no-shift"])
    return shlex.join(["bczoo", "eval", source.policy, *chain(*chosen)])
