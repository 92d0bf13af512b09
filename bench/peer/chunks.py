"""Chunks of actions of a LeRobot checkpoint for batches of observations; runs in LeRobot's environment.

    python -m peer.chunks CHECKPOINT

A request holds images (B, H, W, 3) uint8 and state (B, S); the answer is action_BHA (B, H, A).
"""

import sys
from collections.abc import Callable

import numpy as np
import torch
from lerobot.policies.act.modeling_act import ACTPolicy
from lerobot.policies.factory import make_pre_post_processors
from peer.names import IMAGE, STATE
from peer.pipe import Arrays, serve

Observe = Callable[[np.ndarray, np.ndarray], dict[str, torch.Tensor]]


def load(checkpoint: str) -> tuple[ACTPolicy, Observe, Callable[[torch.Tensor], torch.Tensor]]:
    """The checkpoint's policy, what makes its observations of images and states, and its postprocessor."""
    policy = ACTPolicy.from_pretrained(checkpoint).eval()
    before, after = make_pre_post_processors(policy.config, pretrained_path=checkpoint)

    def observe(images: np.ndarray, state: np.ndarray) -> dict[str, torch.Tensor]:
        # As LeRobot's own evaluation does it with what an env shows.
        image_BCHW = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float() / 255
        return before({IMAGE: image_BCHW, STATE: torch.from_numpy(state)})

    return policy, observe, after


def chunks() -> Callable[[Arrays], Arrays]:
    """Chunks in the env's units."""
    policy, observe, after = load(sys.argv[1])

    @torch.inference_mode()
    def answer(request: Arrays) -> Arrays:
        action_BHA = policy.predict_action_chunk(observe(request["images"], request["state"]))
        return {"action_BHA": after(action_BHA).float().cpu().numpy()}

    return answer


if __name__ == "__main__":
    serve(chunks)
