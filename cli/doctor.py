"""bczoo doctor: what works here."""

import click


@click.command("doctor")
def command() -> None:
    """Try what bczoo needs on this machine, and say how to fix what does not work."""
    from bczoo.cli.table import print_table
    from bczoo.engine.doctor import examine
    from bczoo.errors import BczooError

    findings = examine()
    rows = [
        ("ok" if f.works else "FAILS" if f.needed else "no", f.what, "; ".join(filter(None, (f.seen, f.fix))))
        for f in findings
    ]
    print_table(("", "what", "seen, and what to do"), rows)
    if lost := [f.what for f in findings if f.needed and not f.works]:
        raise BczooError(f"the main job will not run here: {', '.join(lost)}")
