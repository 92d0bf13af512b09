"""Runs that differ in nothing but their seeds belong together."""

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from bczoo.engine.report.sources import Source
from bczoo.engine.spec_changes import changes


@attrs.frozen(kw_only=True)
class Group:
    """Trainings of one spec, each with a seed of its own."""

    name: str
    runs: list[Source]

    @property
    def spec(self) -> dict[str, Any] | None:
        """That of the first that is begun."""
        return next((run.spec for run in self.runs if run.spec), None)


def grouped(sources: Iterable[Source]) -> list[Group]:
    """The sources in groups, in the order of the first of each; what has no spec is a group of its own."""
    groups: list[list[Source]] = []
    for source in sources:
        for group in groups:
            if _belongs(source, group):
                group.append(source)
                break
        else:
            groups.append([source])
    named = [_name(group) for group in groups]
    return [
        Group(name=name if named.count(name) == 1 else group[0].name, runs=group)
        for name, group in zip(named, groups, strict=True)
    ]


def _belongs(source: Source, group: Sequence[Source]) -> bool:
    if source.spec is None or group[0].spec is None:
        return False
    # Twice the same seed is the same policy, judged again: no further evidence on what the spec is worth.
    if source.spec.get("seed") in [one.spec.get("seed") for one in group if one.spec]:
        return False
    return all(change.is_seed for change in changes(group[0].spec, source.spec))


def _name(group: Sequence[Source]) -> str:
    """What the names of the runs begin with, without what may be left of "seed 0"."""
    if len(group) == 1:
        return group[0].name
    first, last = min(run.name for run in group), max(run.name for run in group)
    common = first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
    for word in ("seed=", "seed", "s"):
        bare = common.rstrip("-_,. =")
        if bare.endswith(word) and not bare.removesuffix(word)[-1:].isalnum():
            common = bare.removesuffix(word)
    return common.rstrip("-_,. =") or group[0].name
