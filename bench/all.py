"""Run every benchmark, one after the other, and write bench/RESULTS.md.

    python bench/all.py [--only NAME]... [--skip NAME]... [--success-minutes 60]

Rows of scripts that are left out stay as they are in RESULTS.md; so do those measured on another kind of device.
Nothing else should run on the machine meanwhile. The comparisons with LeRobot install it, in an environment of its own.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).parent
RESULTS, STORE = HERE / "RESULTS.md", HERE / "results.json"
SCRIPTS = (
    "startup",
    "list_speed",
    "train_speed",
    "data_read",
    "env_speed",
    "eval_speed",
    "augment_speed",
    "stretch_speed",
    "sweep_busy",
    "report_open",
    "lerobot_read",
    "lerobot_act",
    "lerobot_train",
    "lerobot_success",
)
HEAD = """# Benchmarks

Written by `python bench/all.py`. Every figure is measured beside its baseline in the same run, in turn; the ratio is
what counts, since machines are noisy. Each script says in its first lines what its baseline is and how both are
measured.
"""


def main() -> int:
    """Run what is asked for; 1 if a script failed."""
    arguments = parse()
    chosen = [name for name in SCRIPTS if (name in arguments.only or not arguments.only) and name not in arguments.skip]
    stored: list[dict[str, Any]] = json.loads(STORE.read_text()) if STORE.exists() else []
    failed = []
    for name in chosen:
        print(f"== {name}", flush=True)
        extra = ["--minutes", str(arguments.success_minutes)] if name == "lerobot_success" else []
        rows = run(name, extra)
        if rows is None:
            failed.append(name)
            continue
        kind = "cuda" if torch.cuda.is_available() else "cpu"
        stored = [row for row in stored if (row["script"], row["kind"]) != (name, kind)]
        stored += [
            row | {"script": name, "kind": kind, "machine": machine(), "date": str(date.today())} for row in rows
        ]
        stored.sort(key=lambda row: (row["kind"], SCRIPTS.index(row["script"])))
        STORE.write_text(json.dumps(stored, indent=1) + "\n")
        RESULTS.write_text(page(stored))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def run(name: str, extra: list[str]) -> list[dict[str, Any]] | None:
    """The rows that a script measures; None if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        done = subprocess.run([sys.executable, str(HERE / f"{name}.py"), "--json", str(path), *extra], check=False)
        if done.returncode:
            return None
        rows: list[dict[str, Any]] = json.loads(path.read_text())
        return rows


def machine() -> str:
    """What the figures were measured on, and with which versions."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    if torch.cuda.is_available():
        model = f"{torch.cuda.get_device_name()}, {model}"
    packages = ", ".join(f"{name} {version(name)}" for name in ("bczoo", "torch", "mujoco"))
    return f"{model}, {len(os.sched_getaffinity(0))} cores; Python {platform.python_version()}, {packages}"


def page(rows: list[dict[str, Any]]) -> str:
    """RESULTS.md."""
    lines = [HEAD]
    for place in dict.fromkeys((row["machine"], row["date"]) for row in rows):
        lines += [f"## {place[1]}: {place[0]}", ""]
        lines += ["| what | bczoo | baseline | ratio | aim | conditions |", "|---|---|---|---|---|---|"]
        lines += [line(row) for row in rows if (row["machine"], row["date"]) == place]
        lines.append("")
    return "\n".join(lines)


def line(row: dict[str, Any]) -> str:
    """A line of the table."""
    if row["ratio"] is None:
        return f"| {row['what']} |  | {row['baseline']} |  | {row['aim']} | {row['note']} |"
    ours, theirs, unit = f"{row['ours']:,.4g}", f"{row['theirs']:,.4g}", row["unit"]
    conditions = "; ".join(part for part in (row["device"], row["note"]) if part)
    return (
        f"| {row['what']} | {ours} {unit} | {row['baseline']}: {theirs} {unit} | **{row['ratio']:.3g}** "
        f"| {row['aim']} | {conditions} |"
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], choices=SCRIPTS)
    parser.add_argument("--skip", action="append", default=[], choices=SCRIPTS)
    parser.add_argument("--success-minutes", type=float, default=60.0, help="training time that LeRobot is given")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
