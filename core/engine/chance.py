"""Every source of chance: seeded together, saved together."""

import random
from typing import Any

import numpy as np
import torch


def chance_state() -> dict[str, Any]:
    """The state of Python's, numpy's and torch's generators, for a training state."""
    name, keys, place, has_gauss, gauss = np.random.get_state(legacy=True)
    version, words, spare = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": list(torch.cuda.get_rng_state_all()) if torch.cuda.is_available() else [],
        "numpy": {
            "name": str(name),
            "keys": torch.from_numpy(np.asarray(keys).astype(np.int64)),
            "place": int(place),
            "has_gauss": int(has_gauss),
            "gauss": float(gauss),
        },
        "python": {"version": version, "words": torch.tensor(words), "spare": spare},
    }


def restore_chance(state: dict[str, Any]) -> None:
    """Put all generators back to where `chance_state` found them."""
    torch.set_rng_state(state["torch"])
    if len(state["cuda"]) == torch.cuda.device_count() > 0:
        torch.cuda.set_rng_state_all(state["cuda"])
    ours = state["numpy"]
    keys = ours["keys"].numpy().astype(np.uint32)
    np.random.set_state((ours["name"], keys, ours["place"], ours["has_gauss"], ours["gauss"]))
    theirs = state["python"]
    random.setstate((theirs["version"], tuple(theirs["words"].tolist()), theirs["spare"]))
