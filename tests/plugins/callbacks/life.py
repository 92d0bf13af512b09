"""A run as its callbacks see it, without the training, in a process of its own: python life.py '{"callback": ...}'.

Logs train/loss = 1/step at every step and epoch/val_loss = 1/epoch every five. The network is out of reach, and
whoever reaches for it is named on standard error.
"""

import json
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

from bczoo.card import build
from bczoo.registry import new_manager, zoo
from bczoo.specfile import load_spec

STATE = Path("state.json")
REPORT = {
    "success_rate": 0.75,
    "interval": (0.5, 0.875),
    "episodes": 8,
    "success_rule": "by eye",
    "median_steps": None,
    "settings": {"seed": 3},
    "table": [{"index": 0, "success": True}],
}


def cut_network():
    """Leave nothing but this machine."""

    def wrap(function, host_of):
        def guarded(*args, **kwargs):
            host = host_of(*args, **kwargs)
            if host not in (None, "localhost", "127.0.0.1", "::1"):
                print(f"NETWORK {host}", file=sys.stderr, flush=True)
                raise OSError(f"no network: {host}")
            return function(*args, **kwargs)

        return guarded

    def address(sock, place):
        return place[0] if sock.family in (socket.AF_INET, socket.AF_INET6) else None

    socket.socket.connect = wrap(socket.socket.connect, address)
    socket.socket.connect_ex = wrap(socket.socket.connect_ex, address)
    socket.getaddrinfo = wrap(socket.getaddrinfo, lambda host, *_, **__: host)


def live(callback, options, first, last, end):
    """From step `first` to `last`, and then what `end` says: eval, stop or error."""
    observer = build(zoo().get("callback", callback).options(**options))
    run = SimpleNamespace(folder=Path("runs/demo"), spec=load_spec("bc_cnn"), step=first - 1, failed=False)
    if run.step:
        observer.load_state_dict(json.loads(STATE.read_text())) if STATE.exists() else None
    else:
        run.folder.mkdir(parents=True)
        (run.folder / "policy.safetensors").write_bytes(b"a policy")
    manager = new_manager()
    manager.register(observer)
    tell = manager.hook
    tell.bczoo_fit_start(run=run)
    if hasattr(observer, "state_dict"):
        STATE.write_text(json.dumps(observer.state_dict()))
    try:
        for run.step in range(first, last + 1):
            tell.bczoo_step_end(run=run)
            tell.bczoo_log(run=run, metrics={"loss": 1 / run.step, "lr": 0.125})
            if run.step % 5 == 0:
                epoch = run.step // 5
                metrics = {"epoch": epoch, "step": run.step, "val_loss": 1 / epoch, "note": "fine", "best": True}
                tell.bczoo_epoch_end(run=run, metrics=metrics)
        if end == "error":
            raise RuntimeError("the loss became nan")
    except RuntimeError:
        run.failed = True
        raise
    finally:
        tell.bczoo_fit_end(run=run)
    if end == "eval":
        tell.bczoo_eval_end(run=run, report=REPORT)


if __name__ == "__main__":
    cut_network()
    live(**json.loads(sys.argv[1]))
