"""A run's life in a process of its own, whose home is empty and whose network is cut."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

# The toy env and its specs are there.
sys.path.append(str(Path(__file__).parents[2] / "engine"))
LIFE = Path(__file__).with_name("life.py")
OURS = ("WANDB_", "MLFLOW_", "TRACKIO_", "HF_", "XDG_", "RANK", "CI", "DO_NOT_TRACK", "PYTEST")


@pytest.fixture
def proxy():
    """The address of a web proxy that serves nobody; fails the test if anybody has asked.

    Python's sockets can be guarded, but W&B's own process is not Python.
    """
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen():
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    asked.append(peer.recv(200))

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    assert asked == []


@pytest.fixture
def live(tmp_path, monkeypatch, proxy):
    """`live("wandb", {"mode": "offline"}, first=1, last=10, end="eval")`, in this now empty folder."""
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    env = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    env |= {"HOME": str(home), "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": "", "OMP_NUM_THREADS": "1"}

    def run(callback, options=None, *, first=1, last=10, end="eval", **more):
        life = {"callback": callback, "options": options or {}, "first": first, "last": last, "end": end}
        done = subprocess.run(
            [sys.executable, str(LIFE), json.dumps(life)],
            env=env | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "NETWORK" not in done.stderr
        assert (done.returncode == 0) == (end in ("eval", "stop")), done.stderr
        if end != "stop":  # at exit, what a library closes by itself it may talk about
            assert done.stdout == ""  # which is for results
        return done

    return run


@pytest.fixture
def left(tmp_path):
    """The files that a life has left, under this folder or the home in it."""
    return lambda: sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
