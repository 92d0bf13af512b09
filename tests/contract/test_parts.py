"""What the zoo asks of every part, asked of every part that is installed."""

from itertools import product

import pytest
import torch

from bczoo.card import build
from bczoo.engine import normalize
from bczoo.engine.parts import Batch
from bczoo.engine.policy import assemble
from bczoo.engine.train import masked_mean
from bczoo.registry import zoo
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec

POLICY_KINDS = ("backbone", "temporal", "head", "action")
ACTION = Action(size=4, low=(-2.0, -1.0, -1.0, 0.0), high=(2.0, 1.0, 1.0, 1.0))
IMAGE = (20, 24, 3)


def names(kind):
    return [card.name for card in zoo().of_kind(kind)]


CELLS = list(product(*(names(kind) for kind in (*POLICY_KINDS, "loss"))))


def options(kind, name):
    return zoo().get(kind, name).options()


def make(cell, steps=2, horizon=3, state=3):
    """A policy of a cell (the parts' names), and a batch it can be trained on."""
    torch.manual_seed(0)
    chosen = {kind: options(kind, name) for kind, name in zip(POLICY_KINDS, cell, strict=False)}
    spec = PolicySpec(steps=steps, horizon=horizon, **chosen)
    obs = Obs(steps=steps, images={"front": IMAGE, "wrist": IMAGE}, state=state)
    policy = assemble(spec, obs, ACTION)
    normalize.fit(policy.normalizer, None)
    return policy


def batch(size=3, steps=2, horizon=3, state=3):
    generator = torch.Generator().manual_seed(1)
    shape = (size, steps, *IMAGE)
    images = {name: torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator) for name in ("front", "wrist")}
    unit = torch.rand(size, horizon, ACTION.size, generator=generator)
    low, high = torch.tensor(ACTION.low), torch.tensor(ACTION.high)
    return Batch(
        images=images,
        state_BTS=torch.randn(size, steps, state, generator=generator),
        action_BHA=low + unit * (high - low),
        mask_BH=torch.tensor([[True] * horizon, [True] * (horizon - 1) + [False], [True] * horizon])[:size],
    )


def objective(policy, loss, windows):
    prediction, penalties = policy(windows)
    scored = loss(prediction, policy.normalizer.scale(windows.action_BHA), policy.form)
    assert scored.shape == windows.mask_BH.shape
    return masked_mean(scored, windows.mask_BH) + sum(penalties.values())


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_every_combination_learns_and_every_parameter_takes_part(cell):
    policy, loss, windows = make(cell), build(options("loss", cell[-1])), batch()
    policy.eval()  # dropout would hide a loss that does not fall
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-3)
    losses = []
    for _ in range(3):
        value = objective(policy, loss, windows)
        losses.append(value.item())
        optimizer.zero_grad()
        value.backward()
        for name, parameter in policy.named_parameters():
            assert parameter.grad is not None, f"{name} gets no gradient"
            assert parameter.grad.isfinite().all(), f"{name} gets a gradient that is not finite"
            assert parameter.grad.any(), f"{name} gets a gradient of zeros only"
        optimizer.step()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("cell", sorted({cell[:-1] for cell in CELLS}), ids="-".join)
def test_what_a_policy_says_in_eval_mode_depends_on_its_input_alone(cell):
    policy, windows = make(cell).eval(), batch(size=3)
    with torch.inference_mode():
        whole = policy.actions(policy(windows)[0])
        again = policy.actions(policy(windows)[0])
        one = policy.actions(policy(batch_row(windows, 0))[0])
    assert torch.equal(whole, again)
    torch.testing.assert_close(one, whole[:1], atol=1e-5, rtol=0)
    low, high = torch.tensor(ACTION.low), torch.tensor(ACTION.high)
    assert ((whole >= low) & (whole <= high)).all()


def batch_row(windows, row):
    return Batch(
        images={name: image[row : row + 1] for name, image in windows.images.items()},
        state_BTS=windows.state_BTS[row : row + 1],
        action_BHA=windows.action_BHA[row : row + 1],
        mask_BH=windows.mask_BH[row : row + 1],
    )


@pytest.mark.parametrize("cell", sorted({cell[:-1] for cell in CELLS}), ids="-".join)
@pytest.mark.parametrize(("steps", "horizon", "state"), [(1, 1, 0), (1, 1, 3), (3, 1, 3), (1, 5, 3), (4, 5, 0)])
def test_every_combination_fits_any_shape_of_task(cell, steps, horizon, state):
    policy = make(cell, steps=steps, horizon=horizon, state=state).eval()
    windows = batch(1, steps, horizon, state)
    assert policy.actions(policy(windows)[0]).shape == (1, horizon, ACTION.size)


@pytest.mark.parametrize("name", names("action"))
def test_an_action_form_reads_back_what_it_wrote(name):
    form = build(options("action", name), ACTION)
    action = torch.rand(1000, ACTION.size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(form.decode(form.encode(action)), action, atol=1e-5, rtol=0)
    assert form.encode(action).shape == (1000, form.size)


@pytest.mark.parametrize("name", names("loss"))
def test_a_loss_is_zero_for_the_expert_and_grows_with_the_error(name):
    from bczoo.engine.parts import Prediction
    from bczoo.plugins.actions import Cartesian

    form, loss = build(Cartesian(), ACTION), build(options("loss", name))
    action = torch.rand(2, 3, ACTION.size)
    scores = [
        loss(Prediction(point_BHP=form.encode(action) + shift), action, form).mean().item() for shift in (0, 0.1, 0.5)
    ]
    assert scores[0] == 0.0
    assert scores[0] < scores[1] < scores[2]


@pytest.mark.parametrize("name", names("loss"))
def test_magnitude_weighting_makes_large_movements_count_more(name):
    from bczoo.engine.parts import Prediction
    from bczoo.plugins.actions import Cartesian

    card = zoo().get("loss", name)
    form = build(Cartesian(), ACTION)
    action = torch.zeros(1, 1, ACTION.size)
    action[..., 0], action[..., 1] = 0.6, 0.8  # of length 1
    plain, weighted = (
        build(card.options(magnitude_weight=w))(Prediction(point_BHP=action + 0.1), action, form).item() for w in (0, 2)
    )
    assert weighted == pytest.approx(3 * plain)


@pytest.mark.parametrize("name", names("optimizer"))
@pytest.mark.parametrize("schedule", names("schedule"))
def test_every_optimiser_goes_with_every_schedule(name, schedule):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = build(options("optimizer", name), [weight])
    changer = build(options("schedule", schedule), optimizer, 4)
    for _ in range(4):
        weight.square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        changer.step_end()
        changer.epoch_end(1.0)
    assert weight.square().sum() < 3
    assert type(optimizer) is getattr(torch.optim, name)


def test_the_number_of_combinations_is_said(capsys):
    with capsys.disabled():
        print(f"\n{len(CELLS)} combinations of {' x '.join((*POLICY_KINDS, 'loss'))}")
    assert len(CELLS) >= 3
