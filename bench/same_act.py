"""One ACT in both: bczoo's parts and LeRobot's options for the same layers, and the commands that train it.

ResNet-18 with frozen batch normalisation and a token for each place of its last feature map, width 512, eight heads,
4 encoder layers and 1 decoder layer of 3200, the CVAE with its 4 layers, and one linear layer to the action: 51.5
million parameters. These are LeRobot's defaults but for the chunk's length.
"""

import os
import re
import sys
from pathlib import Path

import torch
from lerobot_venv import peer_env, peer_python
from paused_command import Command
from peer.names import REPO

RECIPE = "act_resnet_cvae"
CHUNK, BATCH = 16, 32
IMAGENET = "resnet18-f37072fd.pth"
PARAMETERS_OURS = re.compile(r"training ([\d,]+) parameters")
PARAMETERS_THEIRS = re.compile(r"num_total_params=(\d+)")

OURS = (
    f"policy.horizon={CHUNK}",
    f"data.plan={CHUNK}",
    'policy.backbone={use="resnet18", weights="none", norm="frozen"}',
    "policy.temporal.dim_feedforward=3200",
    "policy.temporal.decoder_layers=1",
    "policy.head.hidden=[]",
    f"train.batch_size={BATCH}",
    "train.validation=0.0",
)


def weights_cached() -> bool:
    """Whether torch's cache has the ImageNet weights that LeRobot's ACT begins with by default."""
    return (Path(torch.hub.get_dir()) / "checkpoints" / IMAGENET).exists()


def overrides(data: Path, demos: int, tokens: str = "grid") -> list[str]:
    """The changes to RECIPE: the same layers, and demonstrations kept in the folder `data`.

    With "pooled" `tokens` the parameters are as many, but an image is one token, as bczoo has it by default, not nine.
    """
    path = (data / f"push-{demos}-plan{CHUNK}").resolve()
    return [*OURS, f'policy.backbone.tokens="{tokens}"', f"data.demos={demos}", f'data.path="{path}"']


def bczoo_train(recipe: str, folder: Path, changes: list[str], threads: int) -> Command:
    """`bczoo train` of a changed recipe, into folder/runs/ours."""
    command = [sys.executable, "-m", "bczoo", "train", "--quiet", "--spec", recipe, "--run", "ours"]
    command += [part for change in changes for part in ("--set", change)]
    return Command("bczoo-train", command, os.environ | {"OMP_NUM_THREADS": str(threads)}, folder)


def lerobot_train(folder: Path, dataset: Path, device: str, threads: int, **options: object) -> Command:
    """`lerobot-train` of its ACT, into folder/output; `options` are further arguments, "__" for a dot."""
    given = {
        "policy.type": "act",
        "policy.chunk_size": CHUNK,
        "policy.n_action_steps": CHUNK,
        "policy.pretrained_backbone_weights": "null",
        "policy.device": device,
        "policy.push_to_hub": "false",
        "dataset.repo_id": REPO,
        "dataset.root": dataset.resolve(),
        "output_dir": folder / "output",
        "batch_size": BATCH,
    } | {name.replace("__", "."): value for name, value in options.items()}
    command = [str(peer_python()), "-m", "lerobot.scripts.lerobot_train"]
    command += [f"--{name}={value}" for name, value in given.items()]
    return Command("lerobot-train", command, peer_env(threads), folder)


def parameters(pattern: re.Pattern[str], command: Command) -> int:
    """How many parameters a command says it trains."""
    command.wait_for(lambda: bool(pattern.search(command.log)))
    return int(pattern.search(command.log)[1].replace(",", ""))
