"""bczoo report: from folders to one HTML page."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, Final

import attrs
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bczoo.engine.report.curves import MOST, Figure, draw_curves
from bczoo.engine.report.gather import gather
from bczoo.engine.report.grid import Grid, build_grid
from bczoo.engine.report.groups import Group
from bczoo.engine.report.method import how_measured
from bczoo.engine.report.origins import Recipe, recipes, spec_differences, versions
from bczoo.engine.report.results import comparison, during_training, leaderboard, under_shifts
from bczoo.engine.report.standing import beside_baseline, standing
from bczoo.engine.report.sweeps import effects_table, sweep_notes, sweep_recipes, sweep_result
from bczoo.engine.report.tables import Table
from bczoo.engine.report.videos import Films, gather_films
from bczoo.engine.report.words import count_of, first_result, unfinished
from bczoo.errors import InputError, printable
from bczoo.files import atomic_path, refuse_existing

_PAGE: Final = "page"  # the folder of template, style and script
_SECTIONS: Final = {
    "leaderboard": "Leaderboard",
    "effects": "Effects",
    "comparison": "Compared",
    "grid": "Starts",
    "curves": "Curves",
    "films": "Rollouts",
    "differences": "Specs",
    "shifts": "Shifts",
    "during": "During training",
    "recipes": "Make it again",
    "method": "Method",
}
_IDS: Final = {"grid": "starts", "differences": "specs", "recipes": "again"}  # where they are not called as the field


@attrs.frozen(kw_only=True)
class Page:
    """What the template shows; what is None or empty is left out."""

    title: str
    result: list[str]
    caveats: list[str]
    leaderboard: Table
    effects: list[Table]
    comparison: Table | None
    grid: Grid | None
    curves: list[Figure]
    curve_note: str
    films: Films
    differences: Table | None
    shifts: Table | None
    during: Table | None
    recipes: list[Recipe]
    versions: Table | None
    method: list[str]
    count: str
    date: str
    version: str

    @property
    def sections(self) -> list[tuple[str, str]]:
        """Id and title of what there is, in its order."""
        there = {name: getattr(self, name) for name in _SECTIONS} | {"films": self.films.shown or self.films.notes}
        return [("result", "Result"), *((_IDS.get(name, name), _SECTIONS[name]) for name in there if there[name])]


@attrs.frozen(kw_only=True)
class Written:
    """The report that was written: where, its first sentences, and what it could not show as it is."""

    path: Path
    result: list[str]
    notes: list[str]


def report(folders: str | Path | Iterable[str | Path], to: str | Path = "report.html") -> Written:
    """Write one HTML page on runs, evaluations and sweeps: the folders runs/NAME, evals/NAME and sweeps/NAME.

    Other runs are compared with the first. The page needs no other file and no network. Raises InputError for what
    cannot be compared, folders that hold nothing, and a file that is there; and BczooError for damaged files.
    """
    to = Path(to)
    if to.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{to}: a report is a page of HTML; name a file such as {to.stem or 'report'}.html")
    refuse_existing(to)
    chosen = [Path(folders)] if isinstance(folders, (str, Path)) else [Path(folder) for folder in folders]
    if not chosen:
        raise InputError("give the folder of at least one run, evaluation or sweep to report on")
    page = build_page(chosen)
    with atomic_path(to) as temporary:
        temporary.write_text(rendered(page), encoding="utf-8", newline="\n")
        refuse_existing(to)  # somebody else may have made it meanwhile
    return Written(path=to, result=page.result, notes=[*page.caveats, *page.films.notes])


def build_page(folders: Iterable[Path]) -> Page:
    """Read all folders and find out what the page says."""
    gathered = gather(folders)
    groups, sources, sweep = gathered.groups, gathered.sources, gathered.sweep
    standings = [found for group in groups if (found := standing(group))]
    # In a sweep, everything is compared with the first level of its key already.
    beside, notes = ([], []) if sweep else beside_baseline(groups)
    if not sweep:
        notes = [unfinished(sources), *notes]
    for one in gathered.sweeps:
        notes += sweep_notes(one)
    curves = draw_curves(groups)
    return Page(
        title=f"Sweep {sweep.name}" if sweep else _title(groups),
        result=sweep_result(sweep, standings) if sweep else first_result(standings, beside),
        caveats=[sentence for sentence in notes if sentence],
        leaderboard=leaderboard(groups, standings),
        effects=[table for one in gathered.sweeps if (table := effects_table(one))],
        comparison=comparison(standings[0].group.name, beside) if standings else None,
        grid=build_grid(sources),
        curves=curves,
        curve_note=_curve_note(groups, curves),
        films=gather_films(sources),
        differences=spec_differences(groups),
        shifts=under_shifts(sources),
        during=during_training(sources),
        recipes=[*chain(*map(sweep_recipes, gathered.sweeps)), *recipes(groups)],
        versions=versions(sources),
        method=how_measured(sources, standings, beside, bool(gathered.sweeps)),
        count=count_of(len(sources), "run"),
        date=f"{datetime.now():%Y-%m-%d %H:%M}",
        version=version("bczoo"),
    )


def _title(groups: list[Group]) -> str:
    names = [group.name for group in groups]
    if len(names) <= 3:
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{names[0]} and {len(names) - 1} others"


def _curve_note(groups: list[Group], curves: list[Figure]) -> str:
    losses = {str((group.spec or {}).get("loss")) for group in groups}
    told = ["Losses of different loss functions cannot be compared with each other."] if len(losses) > 1 else []
    if len(curves) > 2:
        told.insert(0, "The mean over seeds, and the band from the lowest to the highest; grey: all the others.")
    if len(groups) > MOST:
        told.append(f"At most {MOST} are drawn, the first of them.")
    return " ".join(told)


def rendered(page: Page) -> str:
    """The HTML of the page. Whatever comes from a file is escaped, and the page may run no script but its own."""
    here = files("bczoo.engine.report") / _PAGE
    script = (here / "page.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=PackageLoader("bczoo.engine.report", _PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        page=page,
        style=Markup((here / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
    )


def _printable(value: Any) -> Any:
    """Without characters that turn the direction of writing, or are nothing to be seen."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
