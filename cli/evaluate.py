"""bczoo eval: judge a trained policy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bczoo.cli import options


@click.command("eval")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--episodes", type=click.IntRange(min=1), help="held-out starts; default: as the policy's spec says")
@click.option("--seed", type=click.IntRange(min=0), help="seed of the held-out starts")
@click.option("--execute", type=click.IntRange(min=1), help="actions of a chunk to execute before the next")
@click.option(
    "--ensemble", type=click.FloatRange(min=0), help="average what all chunks say about a step, with this decay: 0.01"
)
@click.option("--no-ensemble", is_flag=True, help="do not average, even if the policy's spec does")
@click.option(
    "--shift",
    multiple=True,
    metavar="NAME[=STRENGTH]",
    help="judge under this shift of the env as well, e.g. lighting or action_delay=2; may be given often",
)
@click.option("--no-shift", is_flag=True, help="no shifts, even if the policy's spec has some")
@click.option("--videos", type=click.IntRange(min=0), help="rollouts in the MP4; 0: none")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, mps, cuda or cuda:N")
@click.option("--out", type=click.Path(path_type=Path), help="folder for eval.json and rollouts.mp4 [evals/NAME-TIME]")
@options.quiet
def command(
    policy: Path,
    device: str,
    out: Path | None,
    quiet: bool,
    no_ensemble: bool,
    shift: Sequence[str],
    no_shift: bool,
    **asked: Any,
) -> None:
    """Evaluate POLICY on held-out starts.

    It is a .safetensors file that bczoo wrote, or a policy that comes with bczoo, such as zoo:bc_cnn.
    """
    if shift and no_shift:
        raise click.UsageError("--no-shift leaves out the shifts of the policy's spec; leave it or --shift out")
    if no_ensemble and asked["ensemble"] is not None:
        raise click.UsageError("--no-ensemble turns off what --ensemble turns on; leave one of the two out")

    from bczoo.cli.verdict import print_report
    from bczoo.engine.console import show_log
    from bczoo.engine.judge import evaluate_file

    show_log()
    settings = {key: value for key, value in asked.items() if value is not None}
    if no_ensemble:
        settings["ensemble"] = None
    if shift or no_shift:
        settings["shift"] = list(shift)
    result = evaluate_file(policy, out=out, device=device, show=not quiet, **settings)
    print_report(result.report, result.folder)
