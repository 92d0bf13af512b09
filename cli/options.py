"""Options that several commands share."""

from typing import Any

import click

from bczoo.errors import suggest

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


class Kind(click.ParamType):  # type: ignore[type-arg]
    """A kind of part, with "did you mean"."""

    name = "KIND"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The kind itself, or a usage error."""
        from bczoo.kinds import KINDS

        if value not in KINDS:
            self.fail(f"no kind {value!r}; {suggest(value, KINDS)}", param, ctx)
        return value


def quiet(function: Any) -> Any:
    """Add --quiet."""
    return click.option("--quiet", is_flag=True, help="no progress bars")(function)
