"""Who is installed, as far as entry points say: light enough for `bczoo --help`."""

from functools import cache
from importlib.metadata import Distribution, EntryPoint, EntryPoints, entry_points
from typing import Final

OWN: Final = "bczoo"
GROUP: Final = "bczoo"


def origin(dist: str, version: str) -> str:
    """A distribution and its version in words."""
    return f"{dist} {version}".strip() or "unknown"


@cache
def points() -> EntryPoints:
    """The entry points of all plugins, looked for once."""
    return entry_points(group=GROUP)


def others() -> bool:
    """Whether anybody else's plugin is installed, which takes less time to see than to load it."""
    return any(not point.value.startswith(f"{OWN}.") for point in points())


def plugins() -> list[tuple[str, str, EntryPoint]]:
    """(distribution, version, entry point) of every installed plugin, bczoo's own first."""
    # Each look at a name and version reads the metadata file, so look once a distribution.
    origins = {dist: _origin(dist) for dist in {point.dist for point in points()}}
    found = [(*origins[point.dist], point) for point in points()]
    # Otherwise sys.path decides who may claim a name first.
    return sorted(found, key=lambda plugin: (plugin[0] != OWN, plugin[0], plugin[2].name))


def _origin(dist: Distribution | None) -> tuple[str, str]:
    try:
        text = (dist.read_text("METADATA") or dist.read_text("PKG-INFO") or "") if dist else ""
    except Exception:  # a library that brings a finder of its own (importlib_metadata) may raise what it likes
        text = ""
    # The standard library would parse it all, the readme too; the two lines are what is wanted.
    fields = dict(line.partition(":")[::2] for line in text.partition("\n\n")[0].splitlines())
    return fields.get("Name", "").strip(), fields.get("Version", "").strip()
