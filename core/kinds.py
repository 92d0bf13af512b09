"""The kinds of parts, in the order in which a spec is walked."""

from typing import Final

KINDS: Final = (
    "backbone",
    "temporal",
    "head",
    "action",
    "loss",
    "augmentation",
    "optimizer",
    "schedule",
    "env",
    "callback",
)
