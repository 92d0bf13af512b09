"""Spherical and direction: what they write they can read, without jumps where none are promised."""

from math import pi, sqrt

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bczoo.card import build
from bczoo.engine.assembly import assemble
from bczoo.errors import BczooError
from bczoo.plugins.actions import Direction, Spherical
from bczoo.plugins.backbones import Cnn
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec

SEED = Spherical(magnitude="sigmoid_tanh", wrap=False, metric="plain")
FORMS = {"spherical": Spherical(), "plain": Spherical(metric="plain"), "seed": SEED, "direction": Direction()}
every_form = pytest.mark.parametrize("options", FORMS.values(), ids=FORMS)

side = st.floats(-1.0, 1.0, width=32)
movements = st.tuples(side, side, side)
numbers = st.floats(-1e4, 1e4, width=32)
fast = settings(max_examples=60, deadline=None)


def action(size):
    return Action(size=size, low=(-1.0,) * size, high=(1.0,) * size)


def make(options, size=3):
    return build(options, action(size))


def polar(magnitude, theta, phi):
    return torch.tensor([magnitude, theta, phi])


@every_form
@given(xyz=movements)
@example(xyz=(0.0, 0.0, 0.0))
@example(xyz=(0.0, 0.0, 1.0))
@example(xyz=(0.0, 0.0, -1.0))
@example(xyz=(1e-3, 0.0, -1.0))
@example(xyz=(-1.0, 0.0, 0.0))
@example(xyz=(-1.0, -0.0, 0.0))
@example(xyz=(1.0, -1.0, 1.0))
@example(xyz=(1e-30, 0.0, 0.0))
@fast
def test_a_form_reads_back_what_it_wrote(options, xyz):
    form, given_xyz = make(options), torch.tensor(xyz)
    code = form.encode(given_xyz)
    # The seed's clamp lengthens the shortest movements to 1e-4.
    torch.testing.assert_close(form.decode(code), given_xyz, atol=1.1e-4 if given_xyz.norm() < 1e-4 else 2e-6, rtol=0)
    assert not form.residual(code, code).any()


@every_form
@given(raw=st.lists(numbers, min_size=6, max_size=6), xyz=movements)
@example(raw=[0.0] * 6, xyz=(0.0, 0.0, 0.0))
@example(raw=[1e4] * 6, xyz=(0.0, 0.0, 1.0))
@example(raw=[-1e4] * 6, xyz=(0.0, 0.0, -1.0))
@fast
def test_gradients_are_finite_everywhere(options, raw, xyz):
    form = make(options, 5)
    target = form.encode(torch.tensor([*xyz, 0.5, -0.5]))
    # Heads answer in bfloat16 under autocast and cast to float32.
    for dtype in (torch.float32, torch.bfloat16):
        out = torch.tensor(raw[: form.size]).to(dtype).requires_grad_()
        code = form.activate(out.float())
        (form.residual(code, target).abs().sum() + form.decode(code).square().sum()).backward()
        assert out.grad.isfinite().all()


@pytest.mark.parametrize(
    ("options", "low", "high"),
    [
        (Spherical(), [0, 0, -pi, -1, -1], [sqrt(3), pi, pi, 1, 1]),
        (SEED, [0.26894, 0, -pi, -1, -1], [0.73106, pi, pi, 1, 1]),
    ],
    ids=["spherical", "seed"],
)
def test_spherical_outputs_reach_both_ends_of_their_range(options, low, high):
    form = make(options, 5)
    for end, value in ((low, -50.0), (high, 50.0)):
        reached = form.activate(torch.full((5,), value)).tolist()
        assert reached == pytest.approx(end, abs=1e-5)
    some = form.activate(3 * torch.randn(2000, 5, generator=torch.Generator().manual_seed(0)))
    assert (some >= torch.tensor(low) - 1e-4).all()
    assert (some <= torch.tensor(high) + 1e-4).all()


def test_direction_outputs_reach_every_length_and_point_everywhere():
    form = make(Direction(), 4)
    assert form.activate(torch.full((5,), -50.0))[0].item() == pytest.approx(0)
    assert form.activate(torch.full((5,), 50.0))[0].item() == pytest.approx(sqrt(3))
    raw = torch.randn(2000, 5, generator=torch.Generator().manual_seed(0))
    code = form.activate(raw)
    torch.testing.assert_close(code[:, 1:4].norm(dim=-1), torch.ones(2000), atol=1e-3, rtol=0)
    torch.testing.assert_close(code[:, 1:4], torch.nn.functional.normalize(raw[:, 1:4], dim=-1), atol=1e-3, rtol=0)


@given(angle=st.floats(0.3, pi - 0.3), magnitude=st.floats(0.1, 1.0), step=st.floats(1e-4, 1e-2))
@fast
def test_wrapped_residuals_cross_the_seam_without_a_jump(angle, magnitude, step):
    before, after = polar(magnitude, angle, pi - step), polar(magnitude, angle, -pi + step)
    for metric in ("plain", "arc"):
        seen = make(Spherical(metric=metric)).residual(after, before)
        assert seen.norm().item() <= 2 * step + 1e-5
    seed = make(SEED)
    direction = make(Direction())
    left, right = (direction.encode(seed.decode(code)) for code in (before, after))
    assert direction.residual(left, right).norm().item() <= 3 * step


def test_without_wrapping_the_seam_is_a_cliff_as_in_the_seed():
    before, after = polar(1.0, pi / 2, pi - 0.01), polar(1.0, pi / 2, -pi + 0.01)
    assert make(SEED).residual(before, after)[2].item() == pytest.approx(2 * pi - 0.02, abs=1e-5)
    assert make(Spherical(metric="plain")).residual(before, after)[2].item() == pytest.approx(-0.02, abs=1e-5)


@given(near=movements, far=movements)
@fast
def test_a_direction_residual_fades_out_towards_zero_length(near, far):
    form, tiny = make(Direction()), 1e-6 * torch.tensor(near)
    predicted = form.encode(torch.tensor(far))
    at_zero = form.residual(predicted, form.encode(torch.zeros(3)))
    torch.testing.assert_close(form.residual(predicted, form.encode(tiny)), at_zero, atol=1e-5, rtol=0)


def test_arc_lengths_weigh_angles_with_the_targets_length():
    predicted, target = polar(0.9, 1.2, 0.7), polar(0.5, 1.0, 0.3)
    seen = make(Spherical(metric="arc")).residual(predicted, target)
    expected = [0.4, 0.5 * 0.2, 0.5 * torch.tensor(1.0).sin().item() * 0.4]
    assert seen.tolist() == pytest.approx(expected, abs=1e-6)
    plain = make(Spherical(metric="plain")).residual(predicted, target)
    assert plain.tolist() == pytest.approx([0.4, 0.2, 0.4], abs=1e-6)


def test_a_direction_residual_is_in_units_of_the_action():
    form = make(Direction())
    predicted, target = torch.tensor([0.9, 0.0, 0.0, 1.0]), torch.tensor([0.5, 1.0, 0.0, 0.0])
    assert form.residual(predicted, target).tolist() == pytest.approx([0.4, -0.5, 0.0, 0.5])


@given(xyz=movements)
@fast
def test_seed_angles_are_theta_from_z_and_phi_in_the_plane(xyz):
    x, y, z = xyz
    magnitude, theta, phi = make(SEED).encode(torch.tensor(xyz, dtype=torch.float64)).tolist()
    length = sqrt(x * x + y * y + z * z)
    assert magnitude == pytest.approx(max(length, 1e-4))
    assert 0 <= theta <= pi
    assert -pi <= phi <= pi
    if length > 1e-4:
        assert torch.tensor(theta).cos().item() == pytest.approx(z / length, abs=1e-6)


@given(rest=st.lists(side, min_size=1, max_size=4), xyz=movements)
@fast
def test_further_dimensions_pass_through(rest, xyz):
    for options in FORMS.values():
        form, whole = make(options, 3 + len(rest)), torch.tensor([*xyz, *rest])
        code, tail = form.encode(whole), whole[3:]
        other = torch.cat([code[: form.width], -tail])
        assert torch.equal(code[form.width :], tail)
        assert torch.equal(form.decode(code)[3:], tail)
        assert torch.equal(form.residual(other, code)[form.width :], -2 * tail)
        assert torch.equal(form.activate(code)[form.width :], tail.tanh())


@every_form
@pytest.mark.parametrize("size", [1, 2])
def test_too_small_an_action_is_refused(options, size):
    spec = PolicySpec(backbone=Cnn(), action=options)
    obs = Obs(steps=1, images={"front": (20, 20, 3)}, state=0)
    with pytest.raises(BczooError, match=rf"cannot be built here: .* this action has {size}; use .*'cartesian'"):
        assemble(spec, obs, action(size))


@every_form
def test_any_leading_shape_is_kept(options):
    form = make(options, 4)
    whole = torch.rand(2, 3, 5, 4) * 2 - 1
    code = form.encode(whole)
    assert code.shape == form.activate(code).shape == form.residual(code, code).shape == (2, 3, 5, form.size)
    torch.testing.assert_close(form.decode(code), whole, atol=1e-5, rtol=0)
