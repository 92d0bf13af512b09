"""Options that several commands share."""

from typing import Any

import click

spec = click.option(
    "--spec",
    required=True,
    metavar="FILE|RECIPE",
    help="a spec file, or the name of a recipe (bczoo recipes)",
)
overrides = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="override one key, e.g. train.optimizer.lr=3e-4; may be given often",
)


def quiet(function: Any) -> Any:
    """Add --quiet."""
    return click.option("--quiet", is_flag=True, help="no progress bars")(function)
