"""Write demonstrations as a LeRobotDataset; runs in LeRobot's environment.

    python -m peer.convert demos.npz FOLDER image|video

The file holds images (F, H, W, 3), state (F, S), action (F, A), episode_ends (E,) and fps.
"""

import sys
from pathlib import Path

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from peer.names import ACTION, IMAGE, REPO, STATE


def main() -> None:
    """Copy frame by frame, as a recording would come in."""
    source, folder, kind = sys.argv[1:]
    demos = np.load(source)
    images, state, action = (demos[name] for name in ("images", "state", "action"))
    dataset = LeRobotDataset.create(
        REPO,
        fps=int(demos["fps"]),
        root=Path(folder),
        use_videos=kind == "video",
        features={
            IMAGE: {"dtype": kind, "shape": images.shape[1:], "names": ["height", "width", "channels"]},
            STATE: {"dtype": "float32", "shape": state.shape[1:], "names": None},
            ACTION: {"dtype": "float32", "shape": action.shape[1:], "names": None},
        },
    )
    start = 0
    for end in demos["episode_ends"]:
        for frame in range(start, end):
            dataset.add_frame({IMAGE: images[frame], STATE: state[frame], ACTION: action[frame], "task": "push"})
        dataset.save_episode()
        start = end
    dataset.finalize()


if __name__ == "__main__":
    main()
