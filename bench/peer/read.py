"""Time of single reads from a LeRobotDataset; runs in LeRobot's environment.

    python -m peer.read FOLDER CHUNK

A request holds index (N,); the answer is seconds (N,), of each dataset[i] with its chunk of actions.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from peer.names import ACTION, REPO
from peer.pipe import Arrays, serve


def load() -> Callable[[Arrays], Arrays]:
    """The dataset, opened as its training command opens it."""
    folder, chunk = sys.argv[1], int(sys.argv[2])
    fps = LeRobotDataset(REPO, root=folder).fps
    dataset = LeRobotDataset(REPO, root=folder, delta_timestamps={ACTION: [step / fps for step in range(chunk)]})

    def answer(request: Arrays) -> Arrays:
        seconds = []
        for index in request["index"].tolist():
            start = time.perf_counter()
            dataset[index]
            seconds.append(time.perf_counter() - start)
        return {"seconds": np.array(seconds)}

    return answer


if __name__ == "__main__":
    serve(load)
