"""Write ZOO.md: train what it reports, record that, copy the shipped policies, and write the page with its plots.

    python docs/make_zoo.py                   # hours; goes on where it was when it is called again
    python docs/make_zoo.py --as-is           # a minute: trains nothing, records what is there
    python docs/make_zoo.py --from-records    # seconds: from docs/zoo/*.json, which the former write

Sweeps are made in sweeps/NAME of the present folder, as `bczoo sweep` makes them. What is finished of them is recorded
even where some runs have failed, and the page then says what is not there. A zoo of your own, on your machine and with
what you change, leaves that of the repository alone:

    python docs/make_zoo.py --to mine --set train.epochs=5
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo import plan
from zoo.costs import write_costs
from zoo.page import page
from zoo.places import REPOSITORY, Places
from zoo.plots import write_plots
from zoo.record import Record, read_record, write_record

from bczoo.cli.standing import print_sweep
from bczoo.engine.console import show_log
from bczoo.engine.spec_changes import changes
from bczoo.engine.sweep import begin_sweep, resume_sweep
from bczoo.engine.sweep_plan import SWEEPS, Plan, read_plan
from bczoo.engine.sweep_results import read_sweep
from bczoo.errors import BczooError, InputError
from bczoo.files import atomic_path, parse_json, write_text


def train(name: str, wanted: Plan) -> None:
    """Begin a sweep, or go on with it; runs that fail are left out, and whatever else goes wrong is raised."""
    folder = SWEEPS / name
    print_sweep(resume_sweep(folder) if folder.exists() else begin_sweep(wanted, name=name))


def refuse_other(name: str, wanted: Plan) -> None:
    """Raise InputError if the sweep that is there is not the one that is wanted."""
    found = read_plan(SWEEPS / name)
    differ = [cell.name for cell in found.cells] != [cell.name for cell in wanted.cells] or found.seeds != wanted.seeds
    for one, other in zip(found.cells, wanted.cells, strict=False):
        # What only one of them has is an option that a version of bczoo does not know.
        differ = differ or any(None not in (key.baseline, key.run) for key in changes(one.spec, other.spec))
    if differ:
        raise InputError(f"{SWEEPS / name} is a sweep of other specs than are asked for here; move it away")


def ship(sweep: Path, policies: Path) -> None:
    """Copy the policies of seed 0, whatever their luck, into the package."""
    for cell in read_sweep(sweep).cells:
        for run in cell.runs:
            if cell.spec_name in plan.SHIPPED and run.seed == 0 and run.state == "done":
                with atomic_path(policies / f"{cell.spec_name}.safetensors") as temporary:
                    shutil.copyfile(run.folder / "policy.safetensors", temporary)


def measure(places: Places, overrides: Sequence[str], *, trained: bool) -> None:
    """Train, unless all that is wanted is `trained`; then record everything and copy the policies."""
    wanted = {name: plan.planned(name, overrides) for name in plan.SWEEPS}
    for name in wanted:
        if trained or (SWEEPS / name).exists():
            refuse_other(name, wanted[name])
    for name in () if trained else wanted:
        train(name, wanted[name])
    places.make()
    for name in wanted:
        write_record(name, SWEEPS / name, overrides, places.records)
    ship(SWEEPS / "recipes", places.policies)
    write_costs(places.records)


def recorded(places: Places = REPOSITORY) -> dict[str, Record]:
    """The records of all sweeps."""
    return {name: read_record(name, places.records) for name in plan.SWEEPS}


def written(places: Places = REPOSITORY) -> str:
    """The page, as the records have it."""
    return page(recorded(places), parse_json((places.records / "costs.json").read_text(encoding="utf-8")))


def main(words: Sequence[str] | None = None) -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--as-is", action="store_true", help="train nothing, record what is there")
    how.add_argument("--from-records", action="store_true", help="train nothing, measure nothing, record nothing")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="write everything there, not into the repository")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of all specs")
    asked = parser.parse_args(words)
    if asked.set and (asked.to is None or asked.from_records):
        parser.error("--set makes another zoo than that of the repository: say where with --to FOLDER, and train it")
    places = Places(asked.to) if asked.to else REPOSITORY
    show_log()
    try:
        if not asked.from_records:
            measure(places, asked.set, trained=asked.as_is)
        write_text(places.page, written(places))
        write_plots(recorded(places), places.pictures)
    except BczooError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
