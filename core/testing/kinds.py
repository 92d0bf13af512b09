"""Which contract holds for which kind of part."""

from collections.abc import Callable, Mapping
from typing import Final

from bczoo.testing.augmentations import check_augmentation
from bczoo.testing.envs import check_env
from bczoo.testing.forms import check_action
from bczoo.testing.losses import check_loss
from bczoo.testing.policy_parts import check_backbone, check_head
from bczoo.testing.subject import Subject
from bczoo.testing.temporal import check_temporal
from bczoo.testing.training import check_callback, check_optimizer, check_schedule

CHECKS: Final[Mapping[str, Callable[[Subject], None]]] = {
    "backbone": check_backbone,
    "temporal": check_temporal,
    "head": check_head,
    "action": check_action,
    "loss": check_loss,
    "augmentation": check_augmentation,
    "optimizer": check_optimizer,
    "schedule": check_schedule,
    "env": check_env,
    "callback": check_callback,
}
