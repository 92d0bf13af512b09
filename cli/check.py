"""bczoo check: is this spec sound, and what would it build?"""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from bczoo.cli import options

if TYPE_CHECKING:
    from bczoo.engine.summary import Memory, Summary


@click.command("check")
@options.spec
@options.overrides
def command(spec: str, overrides: Sequence[str]) -> None:
    """Check a spec, then show its parts with their shapes, sizes and work, and the memory that training takes.

    Mistakes are reported before anything heavy is imported; the rest comes from a run without data.
    """
    from bczoo.specfile import load_spec

    loaded = load_spec(spec, overrides)

    from bczoo.engine.check_spec import check

    summary = check(loaded)
    _print_parts(summary)
    click.echo(f"\nmultiply-adds: of one training sample, T = {loaded.policy.steps}, H = {loaded.policy.horizon}")
    click.echo(_memory(summary.memory, loaded.train.batch_size))
    words = ["--spec", spec, *(word for override in overrides for word in ("--set", override))]
    click.echo(f"\n{loaded.name} is sound; train it with: bczoo train {shlex.join(words)}")


def _print_parts(summary: "Summary") -> None:
    from bczoo.cli.table import print_table

    rows = [
        [row.part, row.use, row.takes, row.gives, count(part.multiply_adds), f"{part.frozen:,}", f"{row.parameters:,}"]
        for part in summary.parts
        for row in [part.row]
    ]
    total = [count(summary.multiply_adds), f"{summary.frozen:,}", f"{summary.parameters:,}"]
    table = [
        ["part", "use", "takes", "gives", "multiply-adds", "frozen", "parameters"],
        *rows,
        ["total", *[""] * 3, *total],
    ]
    if not summary.frozen:
        for line in table:
            del line[5]
    print_table(table[0], table[1:], right=range(4, len(table[0])))


def _memory(memory: "Memory", batch_size: int) -> str:
    return (
        f"memory to train, estimated for float32: {size(memory.total)} = {size(memory.weights)} weights + "
        f"{size(memory.gradients)} gradients + {size(memory.optimizer)} optimiser + {size(memory.activations)} "
        f"activations at batch size {batch_size}, libraries and their workspaces not counted"
    )


def count(number: float) -> str:
    """A count with three digits and a unit: 1234567 is "1.23 M"."""
    return _scaled(number, ("", "k", "M", "G", "T"))


def size(number: float) -> str:
    """Bytes likewise, in powers of 1000: 1234567 is "1.23 MB"."""
    return _scaled(number, ("B", "kB", "MB", "GB", "TB"))


def _scaled(number: float, units: Sequence[str]) -> str:
    index = 0
    # Not 1000: what rounds to it is shown in the next unit.
    while number >= 999.5 and index < len(units) - 1:
        number, index = number / 1000, index + 1
    return f"{number:.3g} {units[index]}".strip()
