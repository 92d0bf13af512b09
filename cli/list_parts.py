"""bczoo list: what is installed."""

from typing import TYPE_CHECKING

import click

from bczoo.cli import options

if TYPE_CHECKING:
    from bczoo.registry import Registry


@click.command("list")
@click.argument("kind", required=False, type=options.Kind())
@click.option("--timings", is_flag=True, help="show how long each plugin takes to import, instead of its parts")
def command(kind: str | None, timings: bool) -> None:
    """List the parts of the zoo, with the package each came from, and plugins that did not load.

    KIND is backbone, temporal, head, action, loss, augmentation, optimizer, schedule, env or callback. The environment
    variable BCZOO_BLOCK leaves plugins out, by their names or their packages': BCZOO_BLOCK=one,two.
    """
    from bczoo.cli.table import print_table
    from bczoo.registry import zoo

    registry = zoo()
    if timings:
        slowest = sorted(registry.loaded, key=lambda plugin: -plugin.seconds)
        rows = [(f"{1000 * plugin.seconds:.1f}", plugin.plugin, plugin.origin) for plugin in slowest]
        print_table(("ms", "plugin", "from"), rows, right=(0,))
    else:
        cards = registry.of_kind(kind) if kind else list(registry)
        print_table(
            ("kind", "name", "from", "what it is"),
            [(card.kind, card.name, card.origin, card.summary) for card in cards],
        )
    _print_trouble(registry)


def _print_trouble(registry: "Registry") -> None:
    from bczoo.cli.table import print_table

    if registry.broken:
        click.echo()
        print_table(("not loaded", "from", "why"), [(b.plugin, b.origin, b.reason) for b in registry.broken])
    if registry.slow:
        click.echo()
        rows = [(p.plugin, p.origin, f"{p.seconds:.1f} s; bczoo list --timings shows all") for p in registry.slow]
        print_table(("slow plugin", "from", "import took"), rows)
