"""Milliseconds from one observation to its action: ONNX Runtime on an exported policy, against policy.act in torch.

    python bench/export_latency.py [--spec bc_cnn] [--rounds 500] [--threads 1]

The policy has fresh weights, which take as long as trained ones. Both answer in turn, observation after observation,
so that a machine whose speed drifts favours neither; medians over the rounds are printed, and the ratio of the
medians. What is timed is what a robot would wait for: from arrays to an array, with all that Python does between.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from bczoo import load_policy, load_spec
from bczoo.engine import normalize
from bczoo.engine.assembly import assemble, observe
from bczoo.engine.checkpoint import save_policy
from bczoo.engine.env import describe_env
from bczoo.engine.export import export


def prepare(name, folder, threads):
    """A policy of a spec, and a session of ONNX Runtime with the same."""
    spec = load_spec(name)
    spaces = describe_env(spec.env)
    policy = assemble(spec.policy, observe(spec.policy, spaces), spaces.action)
    normalize.fit(policy.normalizer, None)
    path = folder / "policy.safetensors"
    save_policy(path, policy, spec)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would take the core from torch
    made = export(path, folder / "policy.onnx")
    return load_policy(path), onnxruntime.InferenceSession(made.path, options, providers=["CPUExecutionProvider"])


def milliseconds(call):
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--spec", default="bc_cnn", help="a spec file or recipe whose policy looks at one step")
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        policy, session = prepare(arguments.spec, Path(folder), arguments.threads)
    rng = np.random.default_rng(0)
    obs = {name: rng.integers(0, 256, shape, dtype=np.uint8) for name, shape in policy.obs.images.items()}
    if policy.obs.state:
        obs["state"] = rng.normal(size=policy.obs.state).astype(np.float32)
    calls = {
        "torch": lambda: policy.act(obs),
        "onnx": lambda: session.run(["actions"], {name: value[None, None] for name, value in obs.items()}),
    }
    times = {name: [] for name in calls}
    for number in range(arguments.rounds + 20):
        for name, call in calls.items():
            passed = milliseconds(call)
            if number >= 20:  # the first ones warm up
                times[name].append(passed)
    median = {name: statistics.median(passed) for name, passed in times.items()}
    print(
        f"{arguments.spec}, one observation, cpu, {arguments.threads} threads, {arguments.rounds} rounds: "
        f"ONNX Runtime {median['onnx']:.3f} ms, policy.act {median['torch']:.3f} ms, "
        f"ratio {median['onnx'] / median['torch']:.2f}"
    )


if __name__ == "__main__":
    main()
