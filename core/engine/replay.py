"""Looking inside: one episode of demonstrations, or of a trained policy, as a file that people can look at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

from bczoo.engine.checkpoint import load_with_spec
from bczoo.engine.console import log, progress
from bczoo.engine.demos import Demos
from bczoo.engine.footage import Footage, demonstrated
from bczoo.engine.perform import OVERLAYS, performed
from bczoo.engine.picture_files import WRITERS
from bczoo.engine.replay_source import Acted, find_source
from bczoo.engine.rerun_file import rerun_library
from bczoo.engine.shift import read_shifts
from bczoo.engine.verdicts import compared, first_failure, outcome, read_verdicts
from bczoo.errors import InputError, suggest
from bczoo.files import atomic_path, refuse_existing

_STARTS: Final = 100_000  # as many as an evaluation may have

Update = Callable[..., None]


@attrs.frozen(kw_only=True)
class Replay:
    """The file that shows an episode, the number of that episode or start, and a sentence on how it ended.

    `differs` says in which way a rollout ended otherwise than eval.json says; None where it did not, where that says
    nothing, and for what was demonstrated.
    """

    path: Path
    number: int
    success: bool
    steps: int
    sentence: str
    differs: str | None = None


def replay(
    source: str | Path,
    *,
    to: str | Path | None = None,
    episode: int | None = None,
    start: int | None = None,
    failures: bool = False,
    shift: str | None = None,
    overlay: str | None = None,
    device: str = "auto",
    show: bool = True,
) -> Replay:
    """Write one episode as .mp4, .gif, .png (a contact sheet) or .rrd (for Rerun): the suffix of `to` decides.

    `source` is a folder of demonstrations, of which `episode` is shown as it was recorded; or a run's folder, that of
    an evaluation, or a policy file (or "zoo:NAME", one that comes with bczoo), whose policy then acts anew from
    held-out start number `start`, as that evaluation did, or one by its spec does. Both count from 0, where they begin
    by default; `failures` takes the first that failed instead. `shift`, such as "lighting" or "action_delay=2", lets
    it act where things look or move otherwise. `overlay` "saliency" lays where the policy looked over its pictures.
    Without `to` the file is called NAME-episodeN.mp4, NAME-startN.mp4 or NAME-startN-SHIFT.mp4, in the present folder.
    `device` as for bczoo.evaluate; `show` turns progress bars on.

    Raises InputError, before anything is done, for what is not there, cannot be or would be overwritten, and
    BczooError where files are damaged, the policy's env cannot be had or the file cannot be written.
    """
    found = find_source(source)
    if overlay is not None and overlay not in OVERLAYS:
        raise InputError(f"no overlay {overlay!r}; {suggest(overlay, OVERLAYS)}")
    if to is not None:
        _refuse_name(Path(to))
    if isinstance(found, Acted):
        _refuse_mixtures(f"{source} is a policy", "start", start, "episode", episode, failures)
        return _of_policy(found, start, failures, shift, overlay, to, device, show)
    _refuse_mixtures(f"{source} is demonstrations", "episode", episode, "start", start, failures)
    for asked in (overlay, shift):
        if asked is not None:
            raise InputError(f"{asked} is of a policy's rollout, and {source} is demonstrations; give a run's folder")
    return _of_demos(found, episode, failures, to, show)


def _refuse_mixtures(
    holds: str, mine: str, asked: int | None, other: str, asked_other: int | None, failures: bool
) -> None:
    if asked_other is not None:
        raise InputError(f"{holds}: choose the {mine} to be seen, not the {other}")
    if asked is not None and failures:
        raise InputError(f"choose the {mine}, or the first that failed, not both")


def _refuse_name(to: Path) -> None:
    if to.suffix not in WRITERS:
        *most, last = WRITERS
        raise InputError(f"{to}: a replay is written as {', '.join(most)} or {last}; e.g. {to.stem or 'replay'}.mp4")
    if to.suffix == ".rrd":
        rerun_library()
    refuse_existing(to)


def _of_demos(folder: Path, asked: int | None, failures: bool, to: str | Path | None, show: bool) -> Replay:
    # Without reading everything there is, as comparing checksums would.
    demos = Demos.open(folder, verify=False)
    episode = asked or 0
    if failures:
        failed = (~demos.success).nonzero().flatten().tolist()
        if not failed:
            raise InputError(f"no episode failed, of the {demos.episodes} in {folder}; choose one by its number")
        episode = failed[0]
    if not 0 <= episode < demos.episodes:
        raise InputError(f"{folder} has episodes 0 to {demos.episodes - 1}; there is no episode {episode}")
    path = _name(to, f"{folder.resolve().name}-episode{episode}.mp4")
    footage = demonstrated(demos, episode)
    _write(path, footage, show)
    said = f"episode {episode}: {outcome(footage.success, footage.frames)}"
    return Replay(path=path, number=episode, success=footage.success, steps=footage.frames, sentence=said)


def _of_policy(
    source: Acted,
    asked: int | None,
    failures: bool,
    shift: str | None,
    overlay: str | None,
    to: str | Path | None,
    device: str,
    show: bool,
) -> Replay:
    policy, spec = load_with_spec(source.policy, device)
    under = read_shifts(spec.env, (shift,))[0] if shift is not None else None
    where = f" under {under}" if under else ""
    verdicts = read_verdicts(source.judged, under)
    start = first_failure(verdicts, source.judged, where) if failures else asked or 0
    most = len(verdicts) or _STARTS
    if not 0 <= start < most:
        raise InputError(f"{source.name} has starts 0 to {most - 1}{where}; there is no start {start}")
    path = _name(to, f"{source.name}-start{start}{f'-{under}' if under else ''}.mp4")
    settings = source.settings or spec.eval
    with _bar("acting", show) as update:
        footage, episode = performed(
            policy, spec.env, settings, start, source.name, overlay, on_step=update, shift=under
        )
    if differs := compared(episode, verdicts, source.judged):
        log.warning(differs)
    _write(path, footage, show)
    said = f"start {start}{where}: {outcome(episode.success, episode.steps)}"
    if verdicts and not differs:
        said += f", as in {source.judged}"
    return Replay(path=path, number=start, success=episode.success, steps=episode.steps, sentence=said, differs=differs)


def _name(to: str | Path | None, usual: str) -> Path:
    path = Path(usual if to is None else to)
    refuse_existing(path)
    return path


def _write(path: Path, footage: Footage, show: bool) -> None:
    with _bar("drawing", show) as update, atomic_path(path) as temporary:
        WRITERS[path.suffix](temporary, footage, lambda done: update(done, footage.frames))
        refuse_existing(path)  # somebody else may have made it meanwhile


@contextmanager
def _bar(description: str, show: bool) -> Iterator[Update]:
    if not show:
        yield lambda *_: None
        return
    with progress(description) as update:
        yield lambda done, total=None: update(done, total)
