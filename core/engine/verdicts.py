"""How the starts of a run ended when it was judged, read from its eval.json."""

from pathlib import Path
from typing import Any

from bczoo.engine.bank import Episode
from bczoo.errors import BczooError, InputError, brief
from bczoo.files import parse_json


def read_verdicts(path: Path) -> list[Episode]:
    """The judged starts of an eval.json, none if there is no such file; raises BczooError for one that is damaged."""
    if not path.exists():
        return []
    try:
        table = parse_json(path.read_text(encoding="utf-8"))["table"]
        return [_episode(place, row) for place, row in enumerate(table)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BczooError(f"{path} is damaged ({brief(error)}); move it away to go on without it") from error


def _episode(place: int, row: dict[str, Any]) -> Episode:
    if row["index"] != place:
        raise ValueError(f"row {place} is of another start")
    return Episode(index=place, seed=int(row["seed"]), success=bool(row["success"]), steps=int(row["steps"]))


def first_failure(verdicts: list[Episode], path: Path) -> int:
    """The first start that failed; raises InputError where none is known."""
    if not verdicts:
        raise InputError(f"there are no judged starts in {path}, so that none is known to have failed; choose a start")
    for episode in verdicts:
        if not episode.success:
            return episode.index
    raise InputError(f"all {len(verdicts)} starts succeeded by {path}; choose a start")


def compared(now: Episode, verdicts: list[Episode], path: Path) -> str | None:
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
