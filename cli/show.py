"""bczoo show: one part and its options."""

import click

from bczoo.cli import options


@click.command("show")
@click.argument("kind", type=options.Kind())
@click.argument("name")
def command(kind: str, name: str) -> None:
    """Show a part's options: types, defaults and what they do; bczoo list names KIND and NAME of each."""
    from bczoo.cli.table import print_table
    from bczoo.describe import options_of
    from bczoo.registry import zoo

    card = zoo().get(kind, name)
    click.echo(click.style(f"{kind} {name}", bold=True) + f"  ({card.origin}, plugin {card.plugin!r})")
    click.echo(f"{(card.options.__doc__ or '').strip()}\n")
    rows = [(option.name, option.type, option.default, option.help) for option in options_of(card.options)]
    if rows:
        print_table(("option", "type", "default", "what it does"), rows)
    else:
        click.echo("It has no options.")
    click.echo(f"\nImplementation: {card.impl}")
