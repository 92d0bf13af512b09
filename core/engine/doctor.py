"""What works on this machine, and how to fix what does not."""

import os
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import attrs
import torch

from bczoo.checks import Check
from bczoo.engine.device import computes_bf16, pick_device
from bczoo.errors import BczooError, raised
from bczoo.registry import BLOCK, zoo

SLOW_FIX = "its author imports what is large only where it is used; bczoo list --timings"


@attrs.frozen
class Finding:
    """One line: what was looked at, whether it works, what was seen, and what to do about it."""

    what: str
    works: bool
    seen: str
    fix: str = ""
    needed: bool = False


def examine() -> list[Finding]:
    """Try everything, each on its own; plugins add their own checks."""
    return [
        Finding("python", True, f"{platform.python_version()}, bczoo {version('bczoo')}"),
        Finding("torch", True, f"{torch.__version__}, {torch.get_num_threads()} threads of {os.cpu_count()} CPUs"),
        *_devices(),
        *_offered(),
        *map(_try, _own_checks()),
        *_plugins(),
    ]


def _devices() -> Iterator[Finding]:
    device = pick_device("auto")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    fix = "" if device.type != "cpu" else "no GPU that this torch can use: small policies train well on CPU"
    yield Finding("device", True, name, fix)
    if computes_bf16(device):
        yield Finding("bf16", True, "computed by the hardware")
    else:
        yield Finding("bf16", False, "not in hardware", "fp32 is used")


def _offered() -> Iterator[Finding]:
    """What plugins want to be tried; a plugin that cannot even say is a finding itself."""
    manager = zoo().manager
    for call in manager.hook.bczoo_checks.get_hookimpls():
        try:
            checks: Iterable[Check] = call.function()  # type: ignore[assignment]
            found = [_try(check) for check in checks]
        except Exception as error:
            name = manager.get_name(call.plugin)
            found = [Finding(f"plugin {name}", False, f"bczoo_checks raised {raised(error)}")]
        yield from found


def _own_checks() -> Iterator[Check]:
    yield Check(what="video (H.264)", run=_encoder, fix="pip install -U av, or set eval.videos = 0", needed=True)
    yield Check(what="writing here", run=_writable, fix="change to a folder you may write", needed=True)


def _try(check: Check) -> Finding:
    try:
        return Finding(check.what, True, check.run(), needed=check.needed)
    except BczooError as error:
        return Finding(check.what, False, str(error), needed=check.needed)
    except Exception as error:  # whatever is broken here is the finding
        return Finding(check.what, False, f"{type(error).__name__}: {error}", check.fix, check.needed)


def _encoder() -> str:
    import av

    av.codec.Codec("libx264", "w")
    return f"libx264, av {version('av')}"


def _writable() -> str:
    from bczoo.files import atomic_path

    probe = Path(".bczoo-doctor")
    with atomic_path(probe) as temporary:
        temporary.write_bytes(b"ok")
    probe.unlink()
    return str(Path.cwd())


def _plugins() -> Iterator[Finding]:
    registry = zoo()
    yield Finding("plugins", True, f"{len(registry.cards)} parts")
    for broken in registry.broken:
        fix = f"unset {BLOCK} to have it" if broken.blocked else f"update or uninstall {broken.origin}"
        yield Finding(f"plugin {broken.plugin}", broken.blocked, broken.reason, fix)
    for slow in registry.slow:
        yield Finding(f"plugin {slow.plugin}", True, f"took {slow.seconds:.1f} s to import ({slow.origin})", SLOW_FIX)
