"""The Gymnasium id of the push task.

    gymnasium.make("bczoo.plugins.envs.gym_ids:bczoo/Push-v0", layout="any", render_mode="rgb_array")

Gymnasium imports the module named before the colon, and importing it registers the id; from then on the id
alone will do. Keyword arguments are the options of the card.
"""

from typing import TYPE_CHECKING, Any, Final

from bczoo.errors import InputError
from bczoo.plugins.envs import Push

if TYPE_CHECKING:
    from bczoo.plugins.envs.push_env import PushEnv

PUSH_ID: Final = "bczoo/Push-v0"


def push(render_mode: str | None = None, **options: Any) -> "PushEnv":
    """Build the push task; raises InputError naming every option that does not exist or cannot be so."""
    from bczoo.plugins.envs.push_env import PushEnv
    from bczoo.schema import Mistakes, structure

    try:
        return PushEnv(structure(options, Push), render_mode)
    except Mistakes as error:
        raise InputError(f"{PUSH_ID}: {error}") from None


def register() -> None:
    """Make the id known to Gymnasium; a second call does nothing."""
    import gymnasium

    if PUSH_ID not in gymnasium.registry:
        gymnasium.register(PUSH_ID, entry_point=f"{__name__}:push")


register()
