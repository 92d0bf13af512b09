"""Write ZOO.md: train what it reports, record that, copy the shipped policies, and write the page with its plots.

    python docs/make_zoo.py                   # hours; goes on where it was when it is called again
    python docs/make_zoo.py --as-is           # a minute: trains nothing, records what is there
    python docs/make_zoo.py --from-records    # seconds: from docs/zoo/*.json, which the former write

Sweeps are made in sweeps/NAME of the present folder, by `bczoo sweep`. What is finished of them is recorded even where
some runs have failed, and the page then says what is not there.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from zoo.costs import write_costs
from zoo.page import page
from zoo.plan import SHIPPED, SWEEPS, command
from zoo.plots import write_plots
from zoo.record import HERE, read_record, write_record

from bczoo.engine.sweep_results import read_sweep
from bczoo.files import atomic_path, parse_json, write_text

ROOT = HERE.parents[1]
POLICIES = ROOT / "core" / "policies"


def train(sweeps: Path) -> None:
    """Begin the sweeps, or go on with them; runs that fail are left out, and anything else ends the program."""
    for name in SWEEPS:
        folder = sweeps / name
        words = ["--resume", str(folder)] if folder.exists() else command(name)
        done = subprocess.run([sys.executable, "-m", "bczoo", "sweep", *words], check=False)
        if done.returncode not in (0, 1):
            sys.exit(done.returncode)


def ship(sweep: Path) -> None:
    """Copy the policies of seed 0, whatever their luck, into the package."""
    for cell in read_sweep(sweep).cells:
        for run in cell.runs:
            if cell.spec_name in SHIPPED and run.seed == 0 and run.state == "done":
                with atomic_path(POLICIES / f"{cell.spec_name}.safetensors") as temporary:
                    shutil.copyfile(run.folder / "policy.safetensors", temporary)


def written() -> str:
    """The page, as the records have it."""
    records = {name: read_record(name) for name in SWEEPS}
    return page(records, parse_json((HERE / "costs.json").read_text(encoding="utf-8")))


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--as-is", action="store_true", help="train nothing, record what is there")
    how.add_argument("--from-records", action="store_true", help="train nothing, measure nothing, record nothing")
    arguments = parser.parse_args()
    sweeps = Path("sweeps")
    if not arguments.from_records:
        if not arguments.as_is:
            train(sweeps)
        for name in SWEEPS:
            write_record(name, sweeps / name)
        ship(sweeps / "recipes")
        write_costs()
    write_text(ROOT / "ZOO.md", written())
    write_plots({name: read_record(name) for name in SWEEPS})


if __name__ == "__main__":
    main()
