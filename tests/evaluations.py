"""Folders of evaluated runs, written without evaluating anything."""

import json

import tomli_w

from bczoo.engine.seeds import episode_seed

SPEC = {
    "name": "base",
    "seed": 0,
    "env": {"use": "toy", "size": 3},
    "data": {"demos": 50, "seed": 0, "path": "demos/here", "augment": []},
    "policy": {"horizon": 1, "backbone": {"use": "cnn", "channels": [8, 16]}, "head": {"use": "mlp", "dropout": 0.0}},
    "train": {"epochs": 3},
    "eval": {"episodes": 20, "seed": 0, "slots": 4, "execute": 1, "videos": 0},
}


def changed(table, changes):
    """`table` with {"policy.head.use": "x"} laid over it; a value of None takes the key away."""
    table = json.loads(json.dumps(table))
    for path, value in changes.items():
        *above, key = path.split(".")
        place = table
        for name in above:
            place = place[name]
        if value is None:
            del place[key]
        else:
            place[key] = value
    return table


def evaluated(folder, successes, *, steps=None, returns=None, spec=None, told=None, seed=0, first=0):
    """A folder as bczoo leaves it: `successes` a string such as "110", a start each; `first`, the index of the first.

    `spec` are changes of the run's spec, `told` of its eval.json.
    """
    folder.mkdir(parents=True)
    rows = [
        {
            "index": first + i,
            "seed": episode_seed(seed, "eval", first + i),
            "success": won == "1",
            "steps": steps[i] if steps else 10,
            "episode_return": returns[i] if returns else float(won),
        }
        for i, won in enumerate(successes)
    ]
    made = changed(SPEC, {"eval.seed": seed} | (spec or {}))
    table = {
        "success_rate": 0.0,  # none of these is believed: what counts are the starts
        "episodes": len(rows),
        "success_rule": "at the goal, at any step",
        "env": made["env"],
        "settings": made["eval"],
        "table": rows,
        "weights": "none",
    }
    (folder / "spec.toml").write_text(tomli_w.dumps(made), encoding="utf-8")
    (folder / "eval.json").write_text(json.dumps(changed(table, told or {})), encoding="utf-8")
    return folder
