"""How the results were measured, in sentences."""

from collections.abc import Iterable, Sequence
from typing import Any

from bczoo.engine.report.origins import said
from bczoo.engine.report.sources import Source
from bczoo.engine.report.standing import Beside, Standing

_SAID = ("execute", "ensemble")  # settings of the evaluation by which a policy acts otherwise
_MANY = 6  # values that a sentence names


def how_measured(
    sources: Sequence[Source], standings: Sequence[Standing], beside: Sequence[Beside], sweep: bool
) -> list[str]:
    """What the figures are, in the order of the page."""
    judged = [source for source in sources if source.judged]
    if not judged:
        return ["Nothing is evaluated yet."]
    several = any(len(one.rates) > 1 for one in standings)
    return [
        *_starts(judged),
        "An interval of one run's success rate is the 95 % Wilson interval.",
        *(_SEEDS if several else []),
        *((_OVER_SEEDS if several else _START_BY_START) if beside else []),
        *(_EFFECTS if sweep else []),
        *([_NOT_EQUAL] if beside or sweep else []),
        *([] if several else [_ONE_POLICY]),
    ]


_SEEDS = [
    "Success of a spec is the interquartile mean over its seeds (Agarwal et al. 2021); its 95 % interval resamples "
    "seeds and starts, since both are chance and all runs meet the same starts (pigeonhole bootstrap, Owen 2007)."
]
_OVER_SEEDS = [
    "Differences are taken pair by pair, the runs of two specs in the order of their seeds, and start by start; their "
    "intervals and p-values count seeds and starts as chance. P-values carry Holm's correction for several comparisons."
]
_START_BY_START = [
    "Runs are compared start by start: success by McNemar's exact test and Tango's score interval, steps and returns "
    "by the bootstrap over starts. P-values of several comparisons carry Holm's correction, intervals do not.",
]
_EFFECTS = [
    "The effect of a level is the mean over everything else of success at this level minus that at its key's first "
    "level, paired cell by cell, seed by seed and start by start; p-values carry Holm's correction for all effects."
]
_NOT_EQUAL = "Not significant does not mean equal: the interval says which differences would fit what was seen."
_ONE_POLICY = (
    "With one training of each spec this is about these policies; what a change of the spec does, several seeds tell."
)


def _starts(judged: Sequence[Source]) -> list[str]:
    """What is success, in which env, from which starts; where evaluations differ in that, in what."""
    known = [source.judged for source in judged if source.judged]
    counts = sorted({len(source.starts) for source in judged})
    env = _differing(one.env for one in known)
    settings = _differing({key: one.settings[key] for key in _SAID if key in one.settings} for one in known)
    return [
        f"Success: {_or(one.success_rule for one in known)}.",
        f"Every policy meets the same held-out starts, {_or(counts)} of them, drawn in advance from "
        f"eval.seed = {_or(said(one.settings.get('seed')) for one in known)}.",
        f"Env: {env}{f'; policies act with {settings}' if settings else ''}.",
    ]


def _differing(tables: Iterable[dict[str, Any]]) -> str:
    """The keys of tables that are much alike, each with all of its values."""
    tables = list(tables)
    keys = dict.fromkeys(key for table in tables for key in table)
    return ", ".join(f"{key} = {_or(said(table.get(key)) for table in tables)}" for key in keys)


def _or(values: Iterable[Any]) -> str:
    different = list(dict.fromkeys(map(str, values)))
    more = [f"{len(different) - _MANY} others"] if len(different) > _MANY else []
    return " or ".join([*different[:_MANY], *more])
