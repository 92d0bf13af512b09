"""Sweeps over the toy env as a user runs them, in processes that find it installed; and runs that fail on demand."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bczoo.card import component, field
from bczoo.hooks import hookimpl

CALM = Path("calm")  # where this file is, nothing fails


@component("callback", "mishap", "sweeping:Mishap")
class MishapOptions:
    """Ends a run in one way or another, at its third step."""

    how: str = field(default="none", help="none, raise, crash, or wait")


class Mishap:
    essential = True

    def __init__(self, options):
        self.how = options.how

    @hookimpl
    def bczoo_step_end(self, run):
        if run.step != 3 or CALM.exists():
            return
        if self.how == "raise":
            raise RuntimeError("nothing works today")
        if self.how == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.how == "wait":
            Path(f"waits-{os.getpid()}").touch()
            time.sleep(600)


PLUGIN = """
BCZOO_API = "1.0"
from bczoo.hooks import hookimpl
from sweeping import MishapOptions
from toy_env import Toy


@hookimpl
def bczoo_components():
    return (Toy, MishapOptions)
"""
SPEC = """
name = "toy"
env = { use = "toy" }
data = { demos = 55, noise = 0.3, plan = 4, seed = 7 }
policy.backbone = { use = "cnn" }
policy.head = { use = "mlp", hidden = [32], dropout = 0.1 }
loss.use = "huber"
train = { epochs = 2, batch_size = 32, precision = "fp32", device = "cpu", save_minutes = 0.0 }
eval = { episodes = 6, slots = 3, videos = 0 }
callbacks = [{ use = "mishap" }]
"""


def install(site):
    """Leave in `site` what pip would of the package bczoo-toys."""
    (site / "bczoo_toys.py").write_text(PLUGIN, encoding="utf-8")
    info = site / "bczoo_toys-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bczoo-toys\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[bczoo]\nbczoo_toys = bczoo_toys\n", encoding="utf-8")


def begin(cwd, *args, said="said.txt"):
    """`bczoo sweep ARGS` in `cwd`, where the package is installed and toy.toml is a spec; its output is in `said`."""
    site = cwd / ".site"
    if not site.exists():
        site.mkdir()
        install(site)
        (cwd / "toy.toml").write_text(SPEC, encoding="utf-8")
    here = [str(site), str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(here), "OMP_NUM_THREADS": "1", "COLUMNS": "400"}
    with (cwd / said).open("w") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "bczoo", "sweep", *args],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def sweep(cwd, *args, timeout=300, said="said.txt"):
    """The same to its end: (exit code, what it printed)."""
    process = begin(cwd, *args, said=said)
    try:
        code = process.wait(timeout)
    finally:
        process.kill()
    return code, (cwd / said).read_text()


def wait_until(condition, seconds=120):
    """Until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def results(folder):
    """What the runs of a sweep have come to, as bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for name in ("eval.json", "policy.safetensors", "spec.toml")
        for path in sorted((folder / "runs").glob(f"*/{name}"))
    }


def alive(folder):
    """Processes that run cells of the sweep in `folder`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if b"bczoo.engine.sweep_child" in words and path.with_name("cwd").resolve() == folder.resolve():
            found.append(int(path.parent.name))
    return found
