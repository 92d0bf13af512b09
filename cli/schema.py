"""bczoo schema: what editors complete and check specs by."""

from pathlib import Path

import click


@click.command("schema")
@click.option("--to", metavar="FILE", type=click.Path(path_type=Path), help="file to write, e.g. bczoo.schema.json")
def command(to: Path | None) -> None:
    """Print the JSON Schema of specs with all installed parts, or write it to a file.

    A TOML language server (taplo, Even Better TOML) completes, explains and checks a spec whose first line names it:

    #:schema ./bczoo.schema.json

    An older schema of bczoo's is overwritten, any other file is not. Write it again after installing parts.
    """
    from bczoo.json_schema import schema_text, write_schema
    from bczoo.registry import zoo

    for broken in zoo().broken:
        click.echo(f"note: plugin {broken.plugin!r} ({broken.origin}) is not in the schema: {broken.reason}", err=True)
    if to is None:
        click.echo(schema_text(), nl=False)
        return
    write_schema(to)
    click.echo(f"file: {to}; the first line of specs beside it: #:schema ./{to.name}")
