"""What a replay is of: demonstrations, or a policy, with the evaluation that tells how it did."""

from pathlib import Path
from typing import Final

import attrs

from bczoo.engine.demo_format import META
from bczoo.engine.keeper import BEST
from bczoo.engine.verdicts import read_judgement
from bczoo.errors import InputError
from bczoo.shipped import policy_file
from bczoo.spec import Eval

_EVAL: Final = "eval.json"


@attrs.frozen(kw_only=True)
class Acted:
    """A policy to act anew: `judged` is the eval.json beside it, there or not; None where none tells of this file.

    `settings` are those of an evaluation that was chosen; without one, the policy's own spec has them.
    """

    policy: Path
    name: str  # what a replay's file is called after
    judged: Path | None
    settings: Eval | None = None


def find_source(source: str | Path) -> Path | Acted:
    """A folder of demonstrations, whole or not, or a policy; raises InputError for what is neither."""
    place = policy_file(source)
    if not place.exists():
        raise InputError(f"there is no {place}; give a folder of demonstrations, or a run's: runs/NAME")
    if place.is_file():
        # An evaluation beside it tells of the best policy alone.
        return Acted(policy=place, name=place.resolve().stem, judged=_beside(place))
    if (place / BEST).is_file():
        return Acted(policy=place / BEST, name=place.resolve().name, judged=place / _EVAL)
    if (place / META).exists() or any(place.glob("*shard-*")):
        return place
    if (place / "spec.toml").is_file():
        raise InputError(f"{place} is a run without a {BEST} so far; train it for longer: bczoo train --resume {place}")
    if (place / _EVAL).is_file():
        return _of_evaluation(place)
    raise InputError(
        f"{place} holds neither demonstrations ({META}), nor a trained policy ({BEST}), nor an evaluation ({_EVAL})"
    )


def _beside(policy: Path) -> Path | None:
    return policy.with_name(_EVAL) if policy.name == BEST else None


def _of_evaluation(folder: Path) -> Acted:
    policy, settings = read_judgement(folder / _EVAL)
    file = policy_file(policy)
    if not file.is_file():
        raise InputError(
            f"{folder} is an evaluation of {policy}, and there is no such file; call this from the folder in which it "
            "was judged, or give the policy file"
        )
    return Acted(policy=file, name=folder.resolve().name, judged=folder / _EVAL, settings=settings)
