"""bczoo check: is this spec sound, and what would it build?"""

from collections.abc import Sequence

import click

from bczoo.cli import options


@click.command("check")
@options.spec
@options.overrides
def command(spec: str, overrides: Sequence[str]) -> None:
    """Check a spec, then show its parts with their shapes and sizes.

    Mistakes are reported before anything heavy is imported; the shapes come from a run without data.
    """
    from bczoo.specfile import load_spec

    loaded = load_spec(spec, overrides)

    from bczoo.cli.table import print_table
    from bczoo.engine.env import describe_env
    from bczoo.engine.policy import observe, probe

    spaces = describe_env(loaded.env)
    rows = probe(loaded.policy, observe(loaded.policy, spaces), spaces.action)
    total = sum(row.parameters for row in rows)
    table = [(row.part, row.use, row.takes, row.gives, f"{row.parameters:,}") for row in rows]
    print_table(
        ("part", "use", "takes", "gives", "parameters"),
        [*table, ("total", "", "", "", f"{total:,}")],
        right=[4],
    )
    click.echo(f"\n{loaded.name} is sound; train it with: bczoo train --spec {spec}")
