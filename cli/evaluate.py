"""bczoo eval: judge a trained policy."""

from datetime import datetime
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
@click.option("--videos", type=click.IntRange(min=0), help="rollouts in the MP4; 0: none")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, mps, cuda or cuda:N")
@click.option("--out", type=click.Path(path_type=Path), help="folder for eval.json and rollouts.mp4 [evals/NAME-TIME]")
@options.quiet
def command(
    policy: Path,
    episodes: int | None,
    seed: int | None,
    execute: int | None,
    ensemble: float | None,
    no_ensemble: bool,
    videos: int | None,
    device: str,
    out: Path | None,
    quiet: bool,
) -> None:
    """Evaluate POLICY, a .safetensors file that bczoo wrote, on held-out starts."""
    import attrs

    from bczoo.cli.verdict import print_report
    from bczoo.engine.checkpoint import load_with_spec
    from bczoo.engine.console import show_log
    from bczoo.engine.device import pick_device
    from bczoo.engine.experiment import judge
    from bczoo.engine.run import make_folder

    show_log()
    loaded, spec = load_with_spec(policy, str(pick_device(device)))
    asked: dict[str, Any] = {
        "episodes": episodes,
        "seed": seed,
        "execute": execute,
        "ensemble": ensemble,
        "videos": videos,
    }
    settings = attrs.evolve(spec.eval, **{key: value for key, value in asked.items() if value is not None})
    if no_ensemble:
        settings = attrs.evolve(settings, ensemble=None)
    folder = out or Path("evals") / f"{spec.name}-{datetime.now():%Y%m%d-%H%M%S}"
    loaded.actor(execute=settings.execute, ensemble=settings.ensemble)  # refuses before a folder is made
    make_folder(folder)
    print_report(judge(loaded, spec.env, settings, folder, show=not quiet), folder)
