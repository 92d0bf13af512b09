"""What 50 installed plugins cost the listing commands, against the same commands with none.

Each plugin is a distribution of its own as pip leaves it (a dist-info folder, a compiled module) with four parts of
three to five options. Every round runs each command with and without them, so that a busy machine slows all alike.

    python bench/list_speed.py --rounds 15 --plugins 50
"""

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import Row, of_pairs, run

COMMANDS = (("--help",), ("list",), ("show", "backbone", "cnn"))
PLAN = Row(what="plugins", baseline="no plugins", unit="ms", aim="<= 2x", device="cpu")

MODULE = '''"""The parts of laboratory {n}: cards only."""

from collections.abc import Iterable
from typing import Literal

from attrs.validators import and_, deep_iterable, ge, gt, le, lt, min_len, optional

from bczoo import component, field, hookimpl

BCZOO_API = "1.0"


@component("backbone", "net{n}", "lab{n}.nets:Backbone")
class Backbone{n}:
    """Convolutions as laboratory {n} likes them, with what it found to matter."""

    width: int = field(default=64, check=and_(ge(8), le(4096)), help="channels of the first layer; each next has twice")
    blocks: tuple[int, ...] = field(
        default=(2, 2, 2), check=and_(min_len(1), deep_iterable(ge(1))), help="residual blocks of each stage"
    )
    norm: Literal["batch", "group", "layer"] = field(default="group", help="what normalises the activations")
    weights: str | None = field(default=None, help="path of a .safetensors file to start from")
    freeze: bool = field(default=False, help="keep the weights as they are; only the parts behind the backbone learn")


@component("head", "mix{n}", "lab{n}.nets:Head")
class Head{n}:
    """A mixture of Gaussians over actions."""

    modes: int = field(default=5, check=ge(1), help="number of Gaussians")
    floor: float = field(default=1e-4, check=gt(0.0), help="least standard deviation of each")
    dropout: float = field(default=0.0, check=and_(ge(0.0), lt(1.0)), help="share of features dropped in training")


@component("loss", "robust{n}", "lab{n}.nets:Loss")
class Loss{n}:
    """A loss that forgives single bad demonstrations."""

    shape: float = field(default=1.0, check=and_(ge(-2.0), le(2.0)), help="2: squared, 1: smooth L1, 0: Cauchy")
    scale: float = field(default=0.1, check=gt(0.0), help="residual from which on it forgives")
    quantile: float | None = field(default=None, check=optional(lt(1.0)), help="share of samples that count")


@component("callback", "log{n}", "lab{n}.logs:Log")
class Log{n}:
    """Sends metrics to the server of laboratory {n}."""

    project: str = field(help="project that runs are filed under")
    tags: tuple[str, ...] = field(default=(), help="words to find the run by")
    every: int = field(default=1, check=ge(1), help="epochs between two messages")
    offline: bool = field(default=False, help="keep the messages until told to send them")


@hookimpl
def bczoo_components() -> Iterable[type]:
    """All four."""
    return (Backbone{n}, Head{n}, Loss{n}, Log{n})
'''

METADATA = (
    """Metadata-Version: 2.1
Name: bczoo-lab{n}
Version: 1.{n}.0
Summary: The parts of laboratory {n} for bczoo
Author-email: Somebody <somebody@example.org>
License: Apache-2.0
Classifier: Development Status :: 3 - Alpha
Classifier: Programming Language :: Python :: 3
Requires-Python: >=3.11
Description-Content-Type: text/markdown
Requires-Dist: bczoo>=0.1
Requires-Dist: torch>=2.6

"""
    + "# Parts\n\nWhat they are, how they were found, and what they reached in which task.\n\n" * 40
)


def install(site: Path, plugins: int) -> None:
    """What pip would leave of that many distributions in `site`."""
    for n in range(plugins):
        (site / f"lab{n}").mkdir()
        (site / f"lab{n}" / "__init__.py").write_text(MODULE.replace("{n}", str(n)))
        info = site / f"bczoo_lab{n}-1.{n}.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(METADATA.replace("{n}", str(n)))
        (info / "entry_points.txt").write_text(f"[bczoo]\nlab{n} = lab{n}\n")
    if not compileall.compile_dir(site, quiet=1):
        raise SystemExit("the plugins made for this benchmark do not compile")


def call(site: str, *command: str) -> str:
    """What a command prints with the distributions of `site` installed, too."""
    environment = os.environ | {"PYTHONPATH": site}
    return subprocess.run(
        [sys.executable, "-m", "bczoo", *command], check=True, capture_output=True, text=True, env=environment
    ).stdout


def milliseconds(site: str, *command: str) -> float:
    start = time.perf_counter()
    call(site, *command)
    return 1e3 * (time.perf_counter() - start)


def measure(arguments: argparse.Namespace) -> list[Row]:
    """A row for each command."""
    pairs: dict[tuple[str, ...], list[tuple[float, float]]] = {command: [] for command in COMMANDS}
    with tempfile.TemporaryDirectory() as full, tempfile.TemporaryDirectory() as empty:
        install(Path(full), arguments.plugins)
        added = call(full, "list").count("\n") - call(empty, "list").count("\n")
        if added < 4 * arguments.plugins:
            raise SystemExit(f"only {added} parts of {4 * arguments.plugins} are listed:\n{call(full, 'list')}")
        for _ in range(arguments.rounds):
            for command in COMMANDS:
                pairs[command].append((milliseconds(full, *command), milliseconds(empty, *command)))
    plugins = f"{arguments.plugins} plugins of 4 parts"
    note = f"medians of {arguments.rounds}"
    return [
        of_pairs(PLAN, taken, what=f"bczoo {' '.join(command)}, {plugins}", note=note)
        for command, taken in pairs.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--plugins", type=int, default=50, help="how many are installed")
    run(parser, PLAN, measure)


if __name__ == "__main__":
    main()
