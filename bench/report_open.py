"""How long the page of `bczoo report` takes to open in Chromium, and how large it is.

The page is on 24 runs: 8 specs with 3 seeds, 100 starts and 10 epochs each, and films that use up all the room there is
for them. It is opened from the file system, every time in a new browser with an empty profile; the times are those of
the browser (navigation timing). The baselines are the aims. With --runs, the report is on real runs instead.

    python bench/report_open.py [--rounds 5] [--runs runs/*]
"""

import argparse
import json
import random
import tempfile
from pathlib import Path
from statistics import median

import attrs
import chromium
from rows import NotRun, Row, run

from bczoo import report

PLAN = Row(what="report of 24 runs", baseline="the aim", unit="ms", aim="<= 1", device="cpu")
LIMIT_MS, LIMIT_MB = 2000.0, 20.0
FILM_BYTES = 333_000  # 24 of them are as much as a report takes in
TIMES = """() => [
    performance.getEntriesByType("navigation")[0].loadEventEnd,
    performance.getEntriesByName("first-contentful-paint")[0].startTime,
]"""


def make_run(folder: Path, spec: int, seed: int) -> Path:
    """What a finished run leaves behind, as far as a report reads it."""
    chance = random.Random(f"{spec} {seed}")
    folder.mkdir(parents=True)
    env, settings = {"use": "push"}, {"episodes": 100, "seed": 0, "execute": 1, "videos": 9}
    rows = [
        {"index": i, "seed": i, "success": chance.random() < spec / 8, "steps": 30, "episode_return": -5.0}
        for i in range(100)
    ]
    told = {"success_rule": "at the goal", "env": env, "settings": settings, "episodes": 100, "table": rows}
    (folder / "eval.json").write_text(json.dumps(told))
    lines = [
        {"epoch": i + 1, "train_loss": 1 / (i + spec + 1), "val_loss": 1 / (i + spec), "seconds": 6.0}
        for i in range(10)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    text = f'name = "spec{spec}"\nseed = {seed}\n[env]\nuse = "push"\n[policy]\nhorizon = {spec}\n'
    (folder / "spec.toml").write_text(text)
    (folder / "rollouts.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + chance.randbytes(FILM_BYTES - 12))
    return folder


def open_once(page: Path) -> tuple[float, float]:
    """Milliseconds until the load event is over, and until something is seen."""
    with chromium.opened() as context:
        tab = context.new_page()
        tab.goto(page.as_uri())
        tab.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        load, paint = tab.evaluate(TIMES)
        return load, paint


def measure(arguments: argparse.Namespace) -> list[Row]:
    """Load event, first contentful paint, and size."""
    if chromium.find() is None:
        raise NotRun(chromium.MISSING)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made = [make_run(place / f"spec{spec}-s{seed}", spec, seed) for spec in range(1, 9) for seed in range(3)]
        runs = arguments.runs or made
        report(runs, place / "report.html")
        size = (place / "report.html").stat().st_size / 1e6
        taken = [open_once(place / "report.html") for _ in range(arguments.rounds)]
    load, paint = (median(column) for column in zip(*taken, strict=True))
    note = f"medians of {arguments.rounds}, {size:.1f} MB"
    what = f"report of {len(runs)} runs"
    plan = attrs.evolve(PLAN, note=note)
    return [
        attrs.evolve(plan, what=f"{what}, load event", ours=load, theirs=LIMIT_MS, ratio=load / LIMIT_MS),
        attrs.evolve(plan, what=f"{what}, first paint", ours=paint, theirs=LIMIT_MS, ratio=paint / LIMIT_MS),
        attrs.evolve(plan, what=f"{what}, size", ours=size, theirs=LIMIT_MB, ratio=size / LIMIT_MB, unit="MB", note=""),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", nargs="*", type=Path, help="folders of real runs")
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
