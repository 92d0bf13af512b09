"""Sweeps over the toy env as a user runs them, in processes that find it installed; and runs that fail on demand."""

import importlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from children import FORKS

from bczoo.card import component, field
from bczoo.hooks import hookimpl

CALM = Path("calm")  # where this file is, nothing fails
BEGUN = []  # processes


@component("callback", "mishap", "sweeping:Mishap")
class MishapOptions:
    """Ends a run in one way or another, at its third step, and holds it up while it is told to."""

    how: str = field(default="none", help="none, raise, or crash")


class Mishap:
    essential = True

    def __init__(self, options):
        self.how = options.how

    @hookimpl
    def bczoo_step_end(self, run):
        while Path(f"hold-{run.folder.name}").exists():
            Path(f"held-{run.folder.name}").touch()
            time.sleep(0.01)
        if run.step != 3 or CALM.exists():
            return
        if self.how == "raise":
            raise RuntimeError("nothing works today")
        if self.how == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)


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
data = { demos = 25, noise = 0.3, plan = 4, seed = 7 }
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


def prepare(cwd, demos=None):
    """Install the package for `cwd`, and leave toy.toml there, a spec; `demos` are taken along."""
    (cwd / ".site").mkdir()
    install(cwd / ".site")
    (cwd / "toy.toml").write_text(SPEC, encoding="utf-8")
    if demos:
        shutil.copytree(demos, cwd / "demos")


def begin(cwd, *args, site=None, said="said.txt"):
    """`bczoo ARGS` in `cwd`, with what is installed in `site`; its output is in `said`.

    It is forked from a process that has imported torch already; the runs that it starts are not.
    """
    (cwd / said).write_bytes(b"")
    process = FORKS.Process(target=_call, args=(str(cwd), str(site or cwd / ".site"), args, said))
    process.start()
    BEGUN.append(process)
    return process


def _call(cwd, site, args, said):
    os.chdir(cwd)
    with Path(said).open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115
    # Line by line, so that one that is killed has said what it had to.
    sys.stdout, sys.stderr = (open(number, "w", buffering=1, closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.path.insert(0, site)
    here = [site, str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ |= {"PYTHONPATH": os.pathsep.join(here), "OMP_NUM_THREADS": "1", "COLUMNS": "400"}

    from bczoo.cli import main
    from bczoo.installed import points
    from bczoo.registry import zoo

    importlib.invalidate_caches()
    points.cache_clear()
    zoo.cache_clear()
    sys.argv = ["bczoo", *args]
    main()


def finish(process, timeout=300):
    """The exit code of a process, waiting for that."""
    process.join(timeout)
    process.kill()
    process.join()
    return process.exitcode


def bczoo(cwd, *args, **settings):
    """`bczoo ARGS` to its end: (exit code, what it printed)."""
    code = finish(begin(cwd, *args, **settings))
    return code, (cwd / settings.get("said", "said.txt")).read_text()


def end_all(cwd):
    """End what a test that failed has left behind."""
    for process in BEGUN:
        process.kill()
        process.join()
    BEGUN.clear()
    for number in alive(cwd):
        os.kill(number, signal.SIGKILL)


def hold(cwd, run):
    """Let a run of the sweep in `cwd` stop at its next step, until it is released."""
    (cwd / f"held-{run}").unlink(missing_ok=True)
    (cwd / f"hold-{run}").touch()


def wait_held(cwd, run):
    """Until it does."""
    wait_until((cwd / f"held-{run}").exists)


def release(cwd, run):
    """Let it go on."""
    (cwd / f"hold-{run}").unlink()


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
