"""The main effect of each varied key: success at a level beside the key's first level, everything else being equal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from bczoo.describe import said
from bczoo.engine.comparison import said_between, said_chance, said_points
from bczoo.engine.paired import LEVEL, holm
from bczoo.engine.sweep_board import shared_starts, successes
from bczoo.engine.sweep_levels import level_key
from bczoo.engine.sweep_statistics import Difference, mean_effect

if TYPE_CHECKING:
    from bczoo.engine.judged import Judged
    from bczoo.engine.sweep_plan import Plan
    from bczoo.engine.sweep_results import Cell


@attrs.frozen(kw_only=True)
class Effect:
    """What a level of a key does: the mean of success there minus that at `baseline`, the key's first level.

    It rests on `pairs` of runs, which differ in this key alone and have the seed in common, in `cells` pairs of cells,
    on `starts` that all of them were evaluated on. `difference`, `interval` and the p-values are None where there is no
    such pair yet. `corrected_p` is Holm's (1979) for all effects of the sweep, and by it one is `significant` or not.
    """

    key: str
    level: Any
    baseline: Any
    cells: int
    pairs: int
    seeds: int
    starts: int
    won: int
    lost: int
    difference: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    corrected_p: float | None
    significant: bool

    @property
    def verdict(self) -> str:
        """What it means, in a sentence."""
        level, baseline = f"{self.key} = {said(self.level)}", said(self.baseline)
        if self.difference is None or self.corrected_p is None:
            if self.pairs:
                return f"{level} cannot be compared with {baseline}: their runs were judged from different starts."
            return f"{level} cannot be compared with {baseline} yet: no two runs that are done differ in this alone."
        seen = f"{said_points(self.difference)} points (95 % interval {said_between(self.interval, said_points)})"
        chance = said_chance(self.corrected_p)
        alone = " With one seed, this is about these trained policies." if self.seeds == 1 else ""
        if self.significant:
            more = "more" if self.difference > 0 else "less"
            return f"With {level}, runs succeed {more} often than with {baseline}: {seen}, {chance}.{alone}"
        return f"{level} and {baseline} do not differ significantly: {seen}, {chance}.{alone}"

    def as_json(self) -> dict[str, Any]:
        """The effect as JSON values, its sentence included."""
        interval = None if self.interval is None else list(self.interval)
        return attrs.asdict(self, recurse=False) | {"interval": interval, "verdict": self.verdict}


def effects(plan: "Plan", cells: "Sequence[Cell]") -> list[Effect]:
    """The effects of all levels but the first of every key, p-values corrected for their number."""
    found = [
        _effect(axis.key, level, axis.levels[0], cells, [other.key for other in plan.vary if other.key != axis.key])
        for axis in plan.vary
        for level in axis.levels[1:]
    ]
    corrected = iter(holm([effect.p_value for effect in found if effect.p_value is not None]))
    return [effect if effect.p_value is None else _corrected(effect, next(corrected)) for effect in found]


def _corrected(effect: Effect, p_value: float) -> Effect:
    return attrs.evolve(effect, corrected_p=p_value, significant=p_value <= LEVEL)


def _effect(key: str, level: Any, baseline: Any, cells: "Sequence[Cell]", others: list[str]) -> Effect:
    """Compare the cells at `level` with those at `baseline` that have the same levels of all `others`."""
    pairs: list[tuple[Judged, Judged]] = []
    groups: list[int] = []
    seeds: set[int] = set()
    for group, (before, after) in enumerate(_partners(key, level, baseline, cells, others)):
        for seed in before.judged.keys() & after.judged.keys():
            pairs.append((before.judged[seed], after.judged[seed]))
            groups.append(group)
            seeds.add(seed)
    starts = shared_starts(judged for pair in pairs for judged in pair)
    found: Difference | None = None
    if starts:
        before_RN, after_RN = (successes(side, starts) for side in zip(*pairs, strict=True))
        found = mean_effect(after_RN - before_RN, groups)
    return Effect(
        key=key,
        level=level,
        baseline=baseline,
        cells=len(set(groups)),
        pairs=len(pairs),
        seeds=len(seeds),
        starts=len(starts),
        won=found.won if found else 0,
        lost=found.lost if found else 0,
        difference=found.estimate.value if found else None,
        interval=found.estimate.interval if found else None,
        p_value=found.p_value if found else None,
        corrected_p=None,
        significant=False,
    )


def _partners(
    key: str, level: Any, baseline: Any, cells: "Sequence[Cell]", others: list[str]
) -> "list[tuple[Cell, Cell]]":
    """Pairs of cells that differ in `key` alone."""
    sides: dict[str, dict[tuple[str, ...], Cell]] = {level_key(level): {}, level_key(baseline): {}}
    for cell in cells:
        if (side := sides.get(level_key(cell.levels[key]))) is not None:
            side[tuple(level_key(cell.levels[other]) for other in others)] = cell
    after, before = sides.values()
    return [(before[rest], cell) for rest, cell in after.items() if rest in before]
