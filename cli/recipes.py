"""bczoo recipes: the specs that come with bczoo."""

import click


@click.command("recipes")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the shipped specs, or print one: bczoo recipes bc_cnn > mine.toml."""
    from bczoo.cli.table import print_table
    from bczoo.errors import InputError, suggest
    from bczoo.specfile import recipes

    known = recipes()
    if name is None:
        rows = [(recipe, text.partition("\n")[0].lstrip("# ")) for recipe, text in known.items()]
        print_table(("recipe", "what it is"), rows)
        return
    recipe = name.removesuffix(".toml")
    if recipe not in known:
        raise InputError(f"no recipe called {name!r}; {suggest(recipe, known)}")
    click.echo(known[recipe], nl=False)
