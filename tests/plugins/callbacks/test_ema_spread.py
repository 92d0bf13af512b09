"""The average of weights that two processes share (train.shard) is that of the whole weights."""

import multiprocessing
import socket
from types import SimpleNamespace

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard

from bczoo.card import build
from bczoo.plugins.callbacks import Ema
from bczoo.registry import new_manager

STEPS = 5


def train(steps, kept=None, mesh=None):
    """(averages, what the policy holds while validated, and after) of a policy whose every weight grows by 1 a step."""
    torch.manual_seed(0)
    policy = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 3))
    if mesh:
        for module in (*policy, policy):
            fully_shard(module, mesh=mesh)
    ema, manager = build(Ema(decay=0.5)), new_manager()
    if kept:
        ema.load_state_dict(kept)
    manager.register(ema)
    run = SimpleNamespace(policy=policy)
    manager.hook.bczoo_fit_start(run=run)
    for _ in range(steps):
        with torch.no_grad():
            for weight in policy.parameters():
                weight += 1
        manager.hook.bczoo_step_end(run=run)
    manager.hook.bczoo_validate_start(run=run)
    seen = whole(policy)
    manager.hook.bczoo_validate_end(run=run)
    return ema.state_dict(), seen, whole(policy)


def whole(policy):
    values = (weight.detach() for weight in policy.parameters())
    return [value.full_tensor() if hasattr(value, "full_tensor") else value.clone() for value in values]


def process(rank, port, results):
    """One of two, which puts into `results` whether its averages are what they are for one process alone."""
    store = dist.TCPStore("127.0.0.1", port, world_size=2, is_master=rank == 0)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    try:
        mesh = dist.init_device_mesh("cpu", (2,))
        kept, seen, after = train(STEPS, mesh=mesh)
        again, seen_again, _ = train(0, kept, mesh)
        expected = train(STEPS)
        torch.testing.assert_close((kept, seen, after), expected)
        assert all(not hasattr(value, "full_tensor") for value in kept["averages"].values())
        torch.testing.assert_close((again, seen_again), (kept, seen), rtol=0, atol=0)
        results.put("the same")
    except BaseException as error:
        results.put(repr(error))
        raise
    finally:
        dist.destroy_process_group()


def test_spread_weights_are_averaged_saved_and_taken_up_whole():
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    processes = [context.Process(target=process, args=(rank, port, results)) for rank in range(2)]
    for each in processes:
        each.start()
    assert [results.get(timeout=60) for _ in processes] == ["the same"] * 2
    for each in processes:
        each.join(60)
