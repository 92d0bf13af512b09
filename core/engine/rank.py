"""Which of several processes this is, told without torch."""

import os


def is_main() -> bool:
    """Whether this process is the one that writes and speaks; torchrun numbers them in RANK."""
    return int(os.environ.get("RANK", 0)) == 0
