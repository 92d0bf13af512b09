"""`bczoo ARGS` and `python -c TEXT` in processes of their own that need not import torch again, which takes seconds.

A server has imported what takes long, and forks for each call; the call's own process hands it arguments, folder,
environment and open files, passes signals on, and ends with the exit code. So it is a process like any other, but that
torch is there already: what is imported when is tested elsewhere.

    warm.py serve SOCKET
    warm.py call SOCKET bczoo ARGS... | python TEXT
"""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

SLOW = ("bczoo.engine.experiment", "bczoo.engine.judge", "bczoo.engine.replay", "bczoo.plugins.envs.push_env")


@contextmanager
def warmed():
    """The words that `bczoo` or `python` and their arguments are to be put behind."""
    with tempfile.TemporaryDirectory() as folder:
        door = str(Path(folder) / "door")
        server = subprocess.Popen([sys.executable, __file__, "serve", door], stdout=subprocess.PIPE)
        server.stdout.readline()  # it is ready
        try:
            yield [sys.executable, "-I", __file__, "call", door]
        finally:
            server.terminate()
            server.communicate()


def serve(place):
    for name in SLOW:
        importlib.import_module(name)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(place)
        door.listen()
        print("ready", flush=True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
        while True:
            link, _ = door.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                break
            link.close()
    answer(link)


def answer(link):
    """Become what is asked for in a child, and tell its exit code."""
    _, files, *_ = socket.recv_fds(link, 1, 3)
    asked = json.load(link.makefile(encoding="utf-8"))
    if child := os.fork():
        link.sendall(f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        link.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    link.close()
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.path[:1] = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    importlib.invalidate_caches()
    become(*asked["words"])


def become(name, *args):
    """The program of that name, as if it had just been started."""
    sys.modules["__main__"] = module = ModuleType("__main__")
    if name == "python":
        sys.argv = ["-c"]
        exec(args[0], vars(module))
    else:
        from bczoo.cli import main

        sys.argv = [name, *args]
        main()


def call(place, *words):
    asked = {"words": words, "folder": str(Path.cwd()), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(place)
        socket.send_fds(link, [b"."], [0, 1, 2])
        link.sendall(json.dumps(asked).encode())
        link.shutdown(socket.SHUT_WR)
        told = link.makefile(encoding="utf-8")
        child = int(told.readline())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.kill(child, number))
        code = int(told.readline())
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    {"serve": serve, "call": call}[sys.argv[1]](*sys.argv[2:])
