"""A LeRobot checkpoint as a policy that bczoo's evaluator can judge."""

from pathlib import Path
from typing import Any

from lerobot_venv import Peer

from bczoo.engine.chunks import Floats, Queue
from bczoo.engine.evaluate import Report, evaluate
from bczoo.spec import Eval, Spec


class PeerPolicy:
    """What the evaluator needs of a policy: an actor. Its chunks come from LeRobot's own process."""

    def __init__(self, peer: Peer, horizon: int, size: int) -> None:
        self.peer, self.horizon, self.size = peer, horizon, size

    def actor(self, slots: int, execute: int, ensemble: float | None) -> "PeerActor":
        """As bczoo's policies do it, but without ensembling."""
        if ensemble is not None:
            raise NotImplementedError("chunks of LeRobot are executed, not averaged")
        return PeerActor(self.peer, Queue(slots, self.horizon, self.size, execute))


class PeerActor:
    """A queue of actions a slot, as bczoo has it: LeRobot's own queue is one for the whole batch."""

    def __init__(self, peer: Peer, queue: Queue) -> None:
        self.peer, self.queue = peer, queue

    def reset(self, slots: list[int]) -> None:
        """A new episode starts in these slots."""
        self.queue.reset(slots)

    def act(self, obs: dict[str, Any]) -> Floats:
        """Actions (slots, A); a chunk is predicted where one is used up."""
        if self.queue.due().any():
            self.queue.put(self.peer.ask(images=obs["front"], state=obs["state"])["action_BHA"])
        return self.queue.take()


def judge(checkpoint: Path, spec: Spec, horizon: int, settings: Eval, threads: int) -> Report:
    """Roll a checkpoint out in the spec's env from the held-out starts."""
    with Peer("chunks", checkpoint, threads=threads) as peer:
        return evaluate(PeerPolicy(peer, horizon, size=3), spec.env, settings)
