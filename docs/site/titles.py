"""What the pages of the kinds are called."""

TITLES = {
    "backbone": "Backbones",
    "temporal": "Temporal modules",
    "head": "Heads",
    "action": "Action forms",
    "loss": "Losses",
    "augmentation": "Augmentations",
    "optimizer": "Optimisers",
    "schedule": "Schedules",
    "env": "Environments",
    "callback": "Callbacks",
}
