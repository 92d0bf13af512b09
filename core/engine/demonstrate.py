"""The demonstrations a spec asks for, collected where they are absent."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from bczoo.engine.collect import collect
from bczoo.engine.console import log, progress
from bczoo.engine.demo_format import META, Request, canonical, default_folder
from bczoo.engine.demos import Demos
from bczoo.engine.rank import is_main
from bczoo.errors import brief, first_of
from bczoo.spec import Data, Spec
from bczoo.specfile import as_spec

OTHERS: Final = 8  # keys that are named where demonstrations are not as asked for


def find_demos(spec: Spec, show: bool, home: Path = Path()) -> Demos:
    """The demonstrations a spec names, collected by the env's expert if they are absent.

    A relative folder that is not here is looked for in `home` as well, and collected there: where the run that is
    resumed was started. Warns where the demonstrations that are there are not those that the spec asks for.
    """
    request = request_of(spec.env, spec.data)
    folder = folder_of(spec)
    if not (folder / META).exists():
        folder = home / folder
    if not (folder / META).exists():
        collect_with_bar(request, folder, show=show)
    demos = Demos.open(folder)
    # What was recorded elsewhere answers no request; its spaces are compared with the env's before training.
    others = [] if demos.meta.recorded_elsewhere else list(_others(request.table(), demos.meta.request()))
    if others and is_main():
        named = ", ".join(first_of(others, OTHERS))
        log.warning(f"{folder} holds other demonstrations than the spec asks for, and they are used: {named}")
    return demos


def folder_of(spec: Spec) -> Path:
    """Where a spec's demonstrations are, or will be."""
    if spec.data.path:
        return Path(spec.data.path).expanduser()
    return default_folder(request_of(spec.env, spec.data))


def collect_for(
    spec: Spec | str | Path,
    *,
    overrides: Iterable[str] = (),
    out: str | Path | None = None,
    workers: int | None = None,
    show: bool = True,
) -> Path:
    """Collect the demonstrations that a spec's env and data tables ask for, and return their folder.

    `spec` may be a Spec, a path or the name of a recipe; `overrides` as for load_spec; `out` is the folder to write,
    else the one the spec will look in; `workers` processes share the work, else one a core; `show` turns the progress
    bar on. After an interruption it goes on where it stopped, and a complete folder is left alone. Raises BczooError
    when the folder holds other demonstrations or damaged files, or the env has no expert or one that keeps failing.
    """
    spec = as_spec(spec, overrides)
    folder = Path(out) if out is not None else folder_of(spec)
    return collect_with_bar(request_of(spec.env, spec.data), folder, workers=workers, show=show)


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


def _others(asked: dict[str, Any], held: dict[str, Any]) -> Iterator[str]:
    """In which keys of a spec two requests differ: "data.demos is 55 there, not 200"."""
    yield from _apart("data", _without_env(asked), _without_env(held))
    mine, theirs = asked["env"], held["env"]
    if mine["use"] == theirs["use"]:
        yield from _apart("env", mine, theirs)
    else:  # whose options are others
        yield f"env.use is {brief(theirs['use'])} there, not {brief(mine['use'])}"


def _without_env(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != "env"}


def _apart(table: str, asked: dict[str, Any], held: dict[str, Any]) -> Iterator[str]:
    for key in sorted(asked.keys() | held.keys()):
        mine, theirs = asked.get(key), held.get(key)
        if canonical(mine) != canonical(theirs):
            yield f"{table}.{key} is {brief(theirs)} there, not {brief(mine)}"
