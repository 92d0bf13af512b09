"""Messages between the two virtual environments: dictionaries of numpy arrays through a pair of pipes.

Both environments import this file, so it needs no more than numpy and safetensors.
"""

import os
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from safetensors.numpy import load, save

Arrays = dict[str, np.ndarray]
LENGTH = struct.Struct("<Q")


def send(stream: BinaryIO, arrays: Arrays) -> None:
    """Write one message."""
    message = save({name: np.ascontiguousarray(value) for name, value in arrays.items()})
    stream.write(LENGTH.pack(len(message)) + message)
    stream.flush()


def receive(stream: BinaryIO) -> Arrays | None:
    """Read one message; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return load(stream.read(*LENGTH.unpack(head)))


def serve(make_answer: Callable[[], Callable[[Arrays], Arrays]]) -> None:
    """Answer every message on standard input until it ends; an empty first message says that all is ready."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get between the messages
    answer = make_answer()
    send(answers, {"ready": np.ones(1)})
    while (request := receive(sys.stdin.buffer)) is not None:
        send(answers, answer(request))
