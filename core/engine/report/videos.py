"""Films of rollouts inside the page, as small as they have to be for all of them to fit."""

import base64
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import attrs
import av

from bczoo.engine.report.sources import Source
from bczoo.errors import first_of

BUDGET: Final = 8_000_000  # bytes of all films together; in the page each takes a third more
_LARGE: Final = 24  # large films are at most as many, so that each has a third of a megabyte
_FEW: Final = 3  # films of which a note of each kind is given
_LONGEST: Final = 600  # frames of a film that is encoded anew
_SMALLER: Final = ((1.0, 30), (0.5, 30), (0.5, 36), (0.25, 36))  # part of the side, and x264's constant rate factor
_HUGE: Final = 64_000_000  # bytes of a film that is not even read


@attrs.frozen(kw_only=True)
class Film:
    """A film as a data URI, and what it shows: `starts` are the rollouts in their order.

    `whole` is the file of one that is shown smaller than it is.
    """

    title: str
    starts: str
    uri: str
    whole: Path | None = None


@attrs.frozen(kw_only=True)
class Films:
    """What is shown, those with most failures first, and sentences on what is not, or not as it was."""

    shown: list[Film]
    notes: list[str]


def gather_films(sources: Sequence[Source], budget: int = BUDGET) -> Films:
    """The films of evaluated runs, each within its share of the budget; those of most failures, if there are many."""
    sources = sorted((source for source in sources if source.judged), key=lambda source: -len(source.failures))
    there = [(source, path) for source in sources for path in sorted(source.folder.glob("rollouts*.mp4"))]
    chosen = there[: _how_many([path for _, path in there], budget)]
    shown, broken, large, smaller = [], [], [], []
    for place, (source, path) in enumerate(chosen):
        share = budget // (len(chosen) - place)  # what others do not need is left for those that follow
        called = f"{path.name} of {source.name}"
        try:
            film, whole = _fitted(path, share)
        except (OSError, ValueError, LookupError, av.FFmpegError) as error:
            broken.append(f"{called} is not shown: it cannot be read as a film ({_reason(error)}).")
            continue
        if film is None:
            large.append(f"{called} is not shown: it is too large for this page; see {path}.")
            continue
        if not whole:
            smaller.append(f"{called} is shown smaller than it is; see {path}.")
        budget -= len(film)
        uri = f"data:video/mp4;base64,{base64.b64encode(film).decode()}"
        starts = film_starts(source) if path.name == "rollouts.mp4" else ""
        shown.append(Film(title=_title(source, path), starts=starts, uri=uri, whole=None if whole else path))
    left = len(there) - len(chosen)
    more = [f"Films of runs with fewer failures are not shown: {left}."] if left else []
    return Films(shown=shown, notes=[*more, *first_of(broken, _FEW), *first_of(large, _FEW), *first_of(smaller, _FEW)])


def _how_many(paths: Sequence[Path], budget: int) -> int:
    """How many of these films, beginning with the first, have room for something to be seen on them."""
    needed = [min(path.stat().st_size, budget // _LARGE) if path.is_file() else 0 for path in paths]
    return bisect_right(list(accumulate(needed)), budget)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _title(source: Source, path: Path) -> str:
    under = path.stem.removeprefix("rollouts").removeprefix("-")
    if under:
        return f"{source.name}, under {under}"
    lost = len(source.failures)
    return f"{source.name}: {f'{lost} of {len(source.starts)} starts fail' if lost else 'no start fails'}"


def film_starts(source: Source) -> str:
    """The starts that rollouts.mp4 shows, failures first as bczoo.engine.video has them."""
    videos = (source.judged.settings if source.judged else {}).get("videos")
    count = videos if isinstance(videos, int) else 0
    chosen = sorted(source.starts, key=lambda start: (start.success, start.index))[: max(0, min(count, 50))]
    return ", ".join(f"{start.index} ({'success' if start.success else 'failure'})" for start in chosen)


def _fitted(path: Path, share: int) -> tuple[bytes | None, bool]:
    """The film within `share` bytes, and whether it is whole; None where it does not get that small."""
    size = path.stat().st_size
    if size > _HUGE:
        return None, False
    film = path.read_bytes()
    if film[4:8] != b"ftyp":
        raise ValueError("no MP4")
    if size <= share:
        return film, True
    for scale, quality in _SMALLER:
        made = _encoded(film, scale, quality)
        if len(made) <= share:
            return made, False
    return None, False


def _encoded(film: bytes, scale: float, quality: int) -> bytes:
    """The film's beginning in H.264, smaller."""
    out = BytesIO()
    options = {"preset": "veryfast", "crf": str(quality)}
    with av.open(BytesIO(film), "r") as given, av.open(out, "w", format="mp4") as made:
        old = given.streams.video[0]
        new: Any = made.add_stream("libx264", rate=Fraction(old.average_rate or 20), options=options)
        new.width, new.height = (max(2, int(side * scale) // 2 * 2) for side in (old.width, old.height))
        new.pix_fmt = "yuv420p"
        for place, frame in enumerate(given.decode(old)):
            if place >= _LONGEST:
                break
            small = frame.reformat(new.width, new.height, "yuv420p")
            small.pts = None
            made.mux(new.encode(small))
        made.mux(new.encode())
    return out.getvalue()
