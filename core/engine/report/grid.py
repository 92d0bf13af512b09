"""The grid of starts: who fails where, and which starts are hard for all."""

from collections.abc import Sequence

import attrs

from bczoo.engine.judged import Start
from bczoo.engine.report.sources import Source

WIDEST = 200  # starts that are shown side by side


@attrs.frozen(kw_only=True)
class Grid:
    """Runs by starts. `starts` are (index, seed, runs that fail), the hardest first; None: not judged from there.

    `left_out` starts are not shown, and the `same` among all of them are won by every run.
    """

    starts: list[tuple[int, int, int]]
    rows: list[tuple[Source, list[Start | None]]]
    left_out: int
    all_win: int
    all_fail: int
    judged: int  # starts in all

    @property
    def sentences(self) -> list[str]:
        """What the grid shows, for those who do not look at it."""
        told = [
            f"{_of(self.all_win, self.judged)} won by every run, {_of(self.all_fail, self.judged)} lost by every run."
        ]
        hard = [(index, lost) for index, _, lost in self.starts if lost][:5]
        if hard and len(self.rows) > 1:
            listed = ", ".join(f"start {index} ({lost} of {len(self.rows)} fail)" for index, lost in hard)
            told.append(f"The hardest: {listed}.")
        if self.left_out:
            told.append(f"The {len(self.starts)} hardest are shown; the other {self.left_out} are easier for all.")
        return told


def build_grid(sources: Sequence[Source]) -> Grid | None:
    """The grid of what is judged; None where nothing is, and where no run fails anywhere."""
    judged = [source for source in sources if source.judged]
    keys = sorted({key for source in judged if source.judged for key in source.judged.starts})
    rows = [(source, [source.judged.starts.get(key) for key in keys]) for source in judged if source.judged]
    lost = [sum(1 for _, row in rows if (start := row[i]) and not start.success) for i in range(len(keys))]
    tried = [sum(1 for _, row in rows if row[i]) for i in range(len(keys))]
    if not any(lost):
        return None
    order = sorted(range(len(keys)), key=lambda i: (-lost[i] / tried[i], i))[:WIDEST]
    return Grid(
        starts=[(*keys[i], lost[i]) for i in order],
        rows=[(source, [row[i] for i in order]) for source, row in rows],
        left_out=len(keys) - len(order),
        all_win=sum(1 for count in lost if not count),
        all_fail=sum(1 for count, of in zip(lost, tried, strict=True) if count == of),
        judged=len(keys),
    )


def _of(count: int, all_of_them: int) -> str:
    return f"{count} of {all_of_them} starts are" if count != 1 else f"1 of {all_of_them} starts is"
