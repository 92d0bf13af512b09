"""How the starts of a policy ended when it was judged, read from an eval.json."""

from pathlib import Path
from typing import Any

import attrs

from bczoo.engine.bank import Episode
from bczoo.engine.shift_name import Shift
from bczoo.errors import BczooError, InputError, brief
from bczoo.files import parse_json
from bczoo.schema import Mistakes, structure
from bczoo.spec import Eval


def read_verdicts(path: Path | None, shift: Shift | None = None) -> list[Episode]:
    """The starts that an eval.json tells of, under `shift` if there is one; none where they were not judged.

    Raises BczooError for a file that is damaged.
    """
    if path is None or not path.exists():
        return []
    try:
        told = parse_json(path.read_text(encoding="utf-8"))
        table = told["table"] if shift is None else _under(told.get("shifted", ()), shift)
        return [_episode(place, row) for place, row in enumerate(table)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _damaged(path, error) from error


def _under(shifted: list[dict[str, Any]], shift: Shift) -> Any:
    for one in shifted:
        if one["shift"]["name"] == shift.name and one["shift"]["strength"] == shift.strength:
            return one["table"]
    return ()


def _episode(place: int, row: dict[str, Any]) -> Episode:
    if row["index"] != place:
        raise ValueError(f"row {place} is of another start")
    return Episode(index=place, seed=int(row["seed"]), success=bool(row["success"]), steps=int(row["steps"]))


def _damaged(path: Path, error: Exception) -> BczooError:
    return BczooError(f"{path} is damaged ({brief(error)}); move it away to go on without it")


def read_judgement(path: Path) -> tuple[str, Eval]:
    """Which policy the eval.json of an evaluation judged, and by which settings; raises BczooError if it is damaged."""
    try:
        told = parse_json(path.read_text(encoding="utf-8"))
        given = {name: told["settings"][name] for name in attrs.fields_dict(Eval) if name in told["settings"]}
        settings: Eval = structure(given, Eval)
        return str(told["policy"]), settings
    except (OSError, ValueError, LookupError, TypeError, AttributeError, Mistakes) as error:
        raise _damaged(path, error) from error


def first_failure(verdicts: list[Episode], path: Path | None, where: str = "") -> int:
    """The first start that failed, `where` such as " under lighting"; raises InputError where none is known."""
    if path is None:
        raise InputError("no evaluation tells how this policy did; choose a start by its number")
    if not verdicts:
        raise InputError(
            f"there are no starts{where} in {path}, so that none is known to have failed; choose one by its number"
        )
    for episode in verdicts:
        if not episode.success:
            return episode.index
    raise InputError(f"no start{where} failed, of the {len(verdicts)} in {path}; choose one by its number")


def compared(now: Episode, verdicts: list[Episode], path: Path | None) -> str | None:
    """In which way an episode went otherwise than it was judged to, as a sentence; None if it did not, or was not."""
    then = next((episode for episode in verdicts if episode.index == now.index), now)
    if then.seed != now.seed:
        return f"{path} tells of other starts than those of the policy's spec, so it says nothing about this one"
    if (then.success, then.steps) == (now.success, now.steps):
        return None
    here, there = (outcome(episode.success, episode.steps) for episode in (now, then))
    return (
        f"start {now.index} ended in {here} this time, but in {there} by {path}; other versions, devices and numbers "
        "of threads round otherwise, and not every env is determined by its seed"
    )


def outcome(success: bool, steps: int) -> str:
    """Such as "success after 31 steps"."""
    return f"{'success' if success else 'failure'} after {steps} step{'s' * (steps != 1)}"
