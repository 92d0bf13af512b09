"""bczoo recipes: the specs that come with bczoo."""

import click


@click.command("recipes")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the shipped specs, or print one: bczoo recipes bc_cnn > mine.toml.

    Where a trained policy is shipped, too, its name stands for its file: bczoo eval zoo:bc_cnn.
    """
    from bczoo.cli.table import print_table
    from bczoo.errors import InputError, suggest
    from bczoo.shipped import PREFIX, shipped
    from bczoo.specfile import recipes

    known = recipes()
    if name is None:
        trained = shipped()
        rows = [
            (recipe, f"{PREFIX}{recipe}" if recipe in trained else "-", text.partition("\n")[0].lstrip("# "))
            for recipe, text in known.items()
        ]
        print_table(("recipe", "trained policy", "what it is"), rows)
        return
    recipe = name.removesuffix(".toml")
    if recipe not in known:
        raise InputError(f"no recipe called {name!r}; {suggest(recipe, known)}")
    click.echo(known[recipe], nl=False)
