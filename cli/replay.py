"""bczoo replay: look at one episode."""

from pathlib import Path
from typing import Any

import click

from bczoo.cli import options


@click.command("replay")
@click.argument("source", metavar="DATA|RUN", type=click.Path(path_type=Path))
@click.option("--episode", type=int, metavar="N", help="of demonstrations: the episode, from 0 on [0]")
@click.option("--start", type=int, metavar="N", help="of a run: the held-out start, from 0 on [0]")
@click.option("--failures", is_flag=True, help="the first episode or start that failed")
@click.option(
    "--shift",
    metavar="NAME[=STRENGTH]",
    help="of a run: under this shift of the env, e.g. lighting or action_delay=2",
)
@click.option("--overlay", metavar="saliency", help="of a run: lay where the policy looked over its pictures")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=".mp4, .gif, .png (a contact sheet) or .rrd (for Rerun) [NAME-episodeN.mp4, NAME-startN.mp4]",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, mps, cuda or cuda:N")
@options.quiet
def command(source: Path, quiet: bool, **asked: Any) -> None:
    """Write one episode as a film, a contact sheet or a recording for Rerun.

    DATA is a folder of demonstrations: an episode is shown as it was recorded. RUN is the folder of a run or of an
    evaluation, a policy file or zoo:NAME: the policy acts anew from one of its held-out starts, and what it does
    otherwise than eval.json says is said. Rerun needs pip install 'bczoo[rerun]'.
    """
    from bczoo.engine.console import show_log
    from bczoo.engine.replay import replay

    show_log()
    made = replay(source, show=not quiet, **asked)
    click.echo(made.sentence)
    click.echo(f"file: {made.path} ({made.path.stat().st_size / 1e6:.1f} MB)")
