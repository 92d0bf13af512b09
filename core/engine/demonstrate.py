"""The demonstrations a spec asks for, collected where they are absent."""

from pathlib import Path
from typing import Any

from bczoo.engine.collect import collect
from bczoo.engine.console import log, progress
from bczoo.engine.demo_format import META, Request, default_folder
from bczoo.engine.demos import Demos
from bczoo.spec import Data, Spec


def find_demos(spec: Spec, show: bool) -> Demos:
    """The demonstrations a spec names, collected by the env's expert if they are absent."""
    request = request_of(spec.env, spec.data)
    folder = Path(spec.data.path) if spec.data.path else default_folder(request)
    if not (folder / META).exists():
        collect_with_bar(request, folder, show=show)
    return Demos.open(folder)


def request_of(env: Any, data: Data) -> Request:
    """The collection that a spec's env and data table ask for."""
    return Request(
        env=env,
        demos=data.demos,
        noise=data.noise,
        plan=data.plan,
        seed=data.seed,
        keep_failures=data.keep_failures,
    )


def collect_with_bar(request: Request, folder: Path, *, workers: int | None = None, show: bool = True) -> Path:
    """Collect demonstrations, saying so."""
    log.info(f"collecting {request.demos} demonstrations of {request.env_name!r} into {folder}")
    if not show:
        return collect(request, folder, workers=workers)
    with progress("collecting") as update:
        return collect(request, folder, workers=workers, on_progress=update)
