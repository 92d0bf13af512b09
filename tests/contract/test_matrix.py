"""Every combination of parts is built and trained, or refused with a sentence that says what fits."""

from collections import Counter
from itertools import product

import pytest
import torch
from tiny import default, names, tiny

from bczoo.card import build
from bczoo.engine import normalize
from bczoo.engine.assembly import assemble, probe
from bczoo.engine.checkpoint import load_policy, save_policy
from bczoo.engine.pairs import check_pair
from bczoo.engine.parts import Batch
from bczoo.engine.policy import Policy
from bczoo.engine.step import masked_sum
from bczoo.errors import BczooError
from bczoo.plugins.envs import Push
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec, Spec, Train

PARTS = ("backbone", "temporal", "head", "action")
STEPS, HORIZON, STATE = 2, 3, 3
IMAGE = (20, 24, 3)
ACTION = Action(size=4, low=(-2.0, -1.0, -1.0, 0.0), high=(2.0, 1.0, 1.0, 1.0))

# Beyond this many parameters a policy is built and run on the meta device alone.
LARGE = 30_000_000

POLICIES = list(product(*map(names, PARTS)))
outcomes = Counter()


def spec_of(cell, options, steps=STEPS, horizon=HORIZON):
    chosen = {kind: options(kind, name) for kind, name in zip(PARTS, cell, strict=True)}
    return PolicySpec(steps=steps, horizon=horizon, **chosen)


def obs_of(cell, steps=STEPS, state=STATE, cameras=("front", "wrist")):
    images = {} if cell[0] == "none" else dict.fromkeys(cameras, IMAGE)
    return Obs(steps=steps, images=images, state=state)


def batch_of(obs, rows=2, horizon=HORIZON):
    generator = torch.Generator().manual_seed(1)
    low, high = torch.tensor(ACTION.low), torch.tensor(ACTION.high)
    mask = torch.ones(rows, horizon, dtype=torch.bool)
    mask[-1, 1:] = False
    return Batch(
        images={
            name: torch.randint(0, 256, (rows * obs.steps, *shape), dtype=torch.uint8, generator=generator)
            for name, shape in obs.images.items()
        },
        state_BTS=torch.randn(rows, obs.steps, obs.state, generator=generator),
        action_BHA=low + torch.rand(rows, horizon, ACTION.size, generator=generator) * (high - low),
        mask_BH=mask,
    )


def fits(cell, loss):
    """Whether head and loss go together; where they do not, the sentence must say what does."""
    try:
        check_pair(default("head", cell[2]), default("loss", loss))
    except BczooError as error:
        sentence = str(error)
    else:
        return True
    outcomes["refused"] += 1
    assert "losses that fit: " in sentence
    return False


def train_two_steps(policy, loss, batch):
    policy.train()
    optimizer = torch.optim.SGD(policy.parameters(), lr=1e-3)
    for _ in range(2):
        prediction, penalties = policy(batch)
        scores = loss(prediction, policy.normalizer.scale(batch.action_BHA), policy.form)
        assert scores.shape == batch.mask_BH.shape
        value = masked_sum(scores, batch.mask_BH) / batch.mask_BH.sum() + sum(penalties.values())
        assert value.isfinite()
        optimizer.zero_grad()
        value.backward()
        for name, parameter in policy.named_parameters():
            assert parameter.grad is not None, f"{name} takes no part"
            assert parameter.grad.isfinite().all(), f"the gradient of {name} is not finite"
        optimizer.step()


@torch.inference_mode()
def survives_a_file(policy, spec, loss, batch, path):
    whole = Spec(name="cell", env=Push(), policy=spec, loss=default("loss", loss), train=Train(steps=2))
    save_policy(path, policy, whole)
    loaded = load_policy(path)
    before, after = (each.actions(each.eval()(batch)[0]) for each in (policy, loaded))
    kept = loaded.state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in policy.state_dict().items())
    # Weights in a file may be aligned otherwise than in memory, and kernels then add up in another order.
    torch.testing.assert_close(before, after, atol=1e-5, rtol=0)
    assert ((after >= torch.tensor(ACTION.low)) & (after <= torch.tensor(ACTION.high))).all()


@pytest.mark.parametrize("cell", POLICIES, ids="-".join)
def test_every_combination_fits_together(cell):
    probe(spec_of(cell, default), obs_of(cell), ACTION)


@pytest.mark.parametrize("cell", POLICIES, ids="-".join)
def test_every_combination_learns_and_survives_a_file(cell, tmp_path):
    spec, obs = spec_of(cell, tiny), obs_of(cell, cameras=("front",))
    batch = batch_of(obs)
    losses = [loss for loss in names("loss") if fits(cell, loss)]
    with torch.device("meta"):
        policy = Policy(spec, obs, ACTION)
    if sum(p.numel() for p in policy.parameters()) > LARGE:
        outcomes["built on the meta device alone"] += len(losses)
        return
    torch.manual_seed(0)
    policy = Policy(spec, obs, ACTION)
    normalize.fit(policy.normalizer, None)
    for loss in losses:  # one policy for all of them: building it takes longer than training it
        train_two_steps(policy, build(default("loss", loss)), batch)
        outcomes["trained"] += 1
    if losses:
        survives_a_file(policy, spec, losses[0], batch, tmp_path / "policy.safetensors")


@pytest.mark.parametrize("cell", list(product(("cnn", "none"), names("temporal"))), ids="-".join)
@pytest.mark.parametrize(("steps", "horizon", "state"), [(1, 1, 0), (1, 1, 3), (3, 1, 3), (1, 5, 3), (4, 5, 0)])
def test_any_shape_of_task_fits(cell, steps, horizon, state):
    whole = (*cell, names("head")[0], names("action")[0])
    spec, obs = spec_of(whole, tiny, steps, horizon), obs_of(whole, steps, state)
    if cell[0] == "none" and not state:
        with pytest.raises(BczooError, match="would see nothing"):
            assemble(spec, obs, ACTION)
        return
    assert probe(spec, obs, ACTION)[-1].gives == f"{horizon}x{ACTION.size}"


def test_the_number_of_combinations_is_said(capsys):
    kinds = (*PARTS, "loss")
    total = len(POLICIES) * len(names("loss"))
    told = ", ".join(f"{count} {how}" for how, count in sorted(outcomes.items()))
    with capsys.disabled():
        print(f"\n{total} combinations of {' x '.join(f'{len(names(kind))} {kind}' for kind in kinds)}: {told}")
    assert sum(outcomes.values()) in (0, total)
