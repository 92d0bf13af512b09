"""A rollout acted anew from one held-out start, with everything that is to be seen of it."""

from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any, Final

import numpy as np

from bczoo.engine.bank import Episode, Slot
from bczoo.engine.chunks import Floats
from bczoo.engine.footage import Footage, Frame, Heat
from bczoo.engine.policy import Policy
from bczoo.engine.saliency import Saliency
from bczoo.engine.seeds import episode_seed
from bczoo.engine.shift import shifted_env
from bczoo.engine.shift_name import Shift
from bczoo.engine.video import NoPictures, film
from bczoo.spec import Eval

OVERLAYS: Final = ("saliency",)


def performed(
    policy: Policy,
    env: Any,
    settings: Eval,
    start: int,
    title: str,
    overlay: str | None = None,
    on_step: Callable[[int], None] = lambda _: None,
    shift: Shift | None = None,
) -> tuple[Footage, Episode]:
    """Act from held-out start number `start` of the env (an options object), as an evaluation under `shift` does.

    The starts, and how chunks are carried out, are those of `settings`. `on_step` is told each step. An env without
    cameras is filmed with its own render(), if it has one.
    """
    episode = Episode(index=start, seed=episode_seed(settings.seed, "eval", start))
    # Decided in the row in which an evaluation has this start: the same sums are rounded in the same way.
    rows, row = settings.batch, start % settings.batch
    actor = policy.actor(slots=rows, execute=settings.execute, ensemble=settings.ensemble)
    saliency = Saliency(policy, settings.execute) if overlay else None
    seen: list[dict[str, Any]] = []
    chunks: dict[int, Floats] = {}
    heat: dict[int, Heat] = {}
    with closing(shifted_env(env, shift)) as made:
        slot = Slot(made)
        seen.append(_copied(slot.start(episode)))
        over = False
        while not over:
            step = episode.steps
            obs = {key: np.stack([value] * rows) for key, value in seen[step].items()}
            before = actor.twin() if saliency else actor
            action = actor.act(obs)[row]
            if actor.predicted is not None:
                chunks[step] = actor.predicted[row]
                if saliency:
                    heat[step] = saliency.heat(before, obs, chunks[step])
            after, over = slot.step(action)
            seen.append(_copied(after))
            on_step(episode.steps)
        fps = float(made.metadata.get("render_fps", 20))
    states = [obs.get("state", np.zeros(0)) for obs in seen]
    footage = Footage(
        title=f"{title}, start {start}{f' under {shift}' if shift else ''}",
        fps=fps,
        frames=len(seen),
        look=_pictures(env, episode, seen, shift).__getitem__,
        state=np.stack(states).astype(np.float32),
        action=np.stack(episode.actions),
        success=episode.success,
        foreseen="prediction",
        chunks=chunks,
        heat=heat,
    )
    return footage, episode


def _copied(obs: dict[str, Any]) -> dict[str, Any]:
    # An env may draw into the same array at every step.
    return {key: np.array(value) for key, value in obs.items()}


def _pictures(env: Any, episode: Episode, seen: list[dict[str, Any]], shift: Shift | None) -> list[dict[str, Frame]]:
    """What its cameras saw; of an env without cameras what it draws, if it does."""
    pictures = [{key: value for key, value in obs.items() if key != "state"} for obs in seen]
    if not any(pictures):
        with suppress(NoPictures):
            return [{"env": frame} for frame in film(env, episode, shift)]
    return pictures
