"""bczoo list: what is installed."""

import click

from bczoo.cli import options


@click.command("list")
@click.argument("kind", required=False, type=options.Kind())
def command(kind: str | None) -> None:
    """List the parts of the zoo, with the package each came from, and plugins that are broken.

    KIND is backbone, temporal, head, action, loss, optimizer, schedule, env or callback.
    """
    from bczoo.cli.table import print_table
    from bczoo.registry import zoo

    registry = zoo()
    cards = registry.of_kind(kind) if kind else list(registry)
    rows = [(card.kind, card.name, card.origin, card.summary) for card in cards]
    print_table(("kind", "name", "from", "what it is"), rows)
    if registry.broken:
        click.echo()
        print_table(("broken plugin", "from", "why"), [(b.plugin, b.origin, b.reason) for b in registry.broken])
