"""What `bczoo data info` says about a folder of demonstrations; needs no torch."""

from pathlib import Path
from typing import Any

from bczoo.engine.demo_meta import Meta, damage, read_meta
from bczoo.errors import clip, printable


def inspect(folder: Path) -> tuple[str, list[str]]:
    """A table of what `folder` holds, one `name  value` per line, and a sentence for each damaged file.

    Every file is compared with its checksum. Raises BczooError when the folder is incomplete or meta.json
    is damaged.
    """
    meta = read_meta(folder)
    mistakes = damage(folder, meta, verify=True)
    options = {name: value for name, value in meta.env.items() if name != "use"}
    rows = {
        "folder": str(folder),
        "env": str(meta.env["use"]),
        **{f"  {name}": _listed(value) for name, value in options.items()},
        "demonstrations": str(meta.demos),
        "successes": f"{meta.successes} ({100 * meta.successes / meta.demos:.0f} %)",
        "frames": f"{meta.frames} at {meta.fps:g} a second",
        "length": f"min {meta.lengths.min}, median {meta.lengths.median:g}, max {meta.lengths.max} frames",
        **{f"camera {name}": "x".join(map(str, shape)) for name, shape in meta.cameras.items()},
        "state": f"{meta.state} numbers" if meta.state else "none",
        "action": f"{meta.action.size} numbers, {_bounds(meta.action.low, meta.action.high)}",
        "plan": f"{meta.plan} actions a frame" if meta.plan else "none",
        **_recording(meta),
        "versions": ", ".join(f"{name} {version}" for name, version in meta.versions.items()),
        "size": f"{sum(shard.bytes for shard in meta.shards) / 1e6:.1f} MB in {len(meta.shards)} shards",
        "files": f"{len(mistakes)} damaged" if mistakes else "checksums match",
    }
    # The folder may be anybody's, and what it says of itself is shown on a terminal.
    shown = [(_plain(name, 40), _plain(value, 400)) for name, value in rows.items()]
    width = max(len(name) for name, _ in shown)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in shown), mistakes


def _recording(meta: Meta) -> dict[str, str]:
    if meta.recorded_elsewhere:
        return {"recorded": "elsewhere, not with the env's expert"}
    failures = "kept" if meta.keep_failures else "repeated"
    return {"noise": f"{meta.noise:g}", "seed": str(meta.seed), "failures": failures}


def _bounds(low: list[float], high: list[float]) -> str:
    if len(set(low)) == len(set(high)) == 1:
        return f"each in [{low[0]:g}, {high[0]:g}]"
    return ", ".join(f"[{a:g}, {b:g}]" for a, b in zip(low, high, strict=True))


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(text: str, most: int) -> str:
    return clip(printable(text).replace("\n", " "), most)
