"""The statistics of sweeps: cases with known answers, what holds for all, and how often intervals hold the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from bczoo.engine.paired import mcnemar, rate_difference
from bczoo.engine.sweep_statistics import interquartile_mean, mean_effect, rate_over_seeds
from bczoo.engine.wilson import wilson

SUCCESSES = arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 30)), elements=st.sampled_from([0.0, 1.0]))
DIFFERENCES = arrays(
    np.float64, st.tuples(st.integers(1, 6), st.integers(1, 30)), elements=st.sampled_from([-1.0, 0.0, 1.0])
)


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([0.3], 0.3),
        ([0.2, 0.4], 0.3),
        ([0.0, 0.5, 0.9], (0.25 * 0.0 + 0.5 + 0.25 * 0.9) / 1.5),
        ([9.0, 0.4, 0.2, -7.0], 0.3),
        ([5.0, 1.0, 2.0, 3.0, -4.0], (0.75 * 1 + 2 + 0.75 * 3) / 2.5),
        ([8, 7, 6, 5, 4, 3, 2, 1], 4.5),
    ],
)
def test_the_interquartile_mean_is_exact_for_any_number_of_seeds(values, mean):
    assert interquartile_mean(np.array(values, np.float64)) == pytest.approx(mean)


@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1)))
def test_the_interquartile_mean_lies_among_the_values_whatever_their_order(values):
    mean = interquartile_mean(values)
    assert values.min() - 1e-12 <= mean <= values.max() + 1e-12
    assert interquartile_mean(values[::-1]) == mean


@given(SUCCESSES)
def test_an_interval_holds_its_rate_and_is_no_narrower_than_wilsons(success):
    rate, (low, high) = rate_over_seeds(success)
    least, most = wilson(round(rate * success.size), success.size)
    assert 0 <= low <= min(rate, least) + 1e-12
    assert max(rate, most) - 1e-12 <= high <= 1 + 1e-12
    assert (rate, (low, high)) == rate_over_seeds(success)


@given(SUCCESSES)
def test_the_order_of_seeds_and_starts_changes_nothing_but_chance(success):
    assert rate_over_seeds(success[::-1, ::-1])[0] == pytest.approx(rate_over_seeds(success)[0])


def test_a_cell_that_always_succeeds_is_as_sure_as_so_many_rollouts_make_it():
    rate, interval = rate_over_seeds(np.ones((3, 100)))
    assert (rate, interval) == (1.0, pytest.approx(wilson(300, 300)))


def test_cells_that_are_equally_good_have_the_same_rate_to_the_bit():
    rates = set()
    for of_seed in ((14, 15, 16), (15, 15, 15), (13, 15, 17), (11, 15, 19)):
        rates.add(rate_over_seeds(np.array([[1.0] * won + [0.0] * (20 - won) for won in of_seed]))[0])
    assert rates == {0.75}


def test_one_seed_is_as_sure_as_its_starts():
    success = np.array([[1.0] * 80 + [0.0] * 20])
    rate, interval = rate_over_seeds(success)
    assert rate == pytest.approx(0.8)
    assert interval == pytest.approx(wilson(80, 100), abs=0.02)


def test_seeds_that_disagree_widen_the_interval_though_the_rollouts_are_as_many():
    alike = np.tile([1.0, 0.0], (4, 50))
    apart = np.repeat([[1.0], [1.0], [0.0], [0.0]], 100, axis=1)
    (low, high), (least, most) = rate_over_seeds(alike)[1], rate_over_seeds(apart)[1]
    assert most - least > 3 * (high - low)


@given(DIFFERENCES, st.data())
def test_an_effect_is_never_surer_than_the_rollouts_taken_for_independent(difference, data):
    groups = data.draw(st.lists(st.integers(0, 3), min_size=len(difference), max_size=len(difference)))
    found = mean_effect(difference, groups)
    low, high = found.estimate.interval
    counted = rate_difference(found.won, found.lost, difference.size)
    assert found.estimate.value == pytest.approx(difference.mean())
    assert -1 <= low <= counted.interval[0]
    assert counted.interval[1] <= high <= 1
    assert mcnemar(found.won, found.lost) <= found.p_value <= 1
    other = mean_effect(-difference, groups)
    assert other.p_value == pytest.approx(found.p_value)
    assert other.estimate.interval == pytest.approx((-high, -low))


def test_of_one_pair_of_runs_the_starts_tell_as_they_do_in_a_comparison():
    difference = np.array([[1.0] * 20 + [-1.0] * 4 + [0.0] * 76])
    found = mean_effect(difference, [0])
    assert (found.won, found.lost) == (20, 4)
    assert found.p_value == pytest.approx(mcnemar(20, 4), rel=0.3)
    assert found.estimate.interval == pytest.approx(rate_difference(20, 4, 100).interval, abs=0.01)


def test_seeds_that_contradict_each_other_are_no_effect_however_many_starts_there_are():
    difference = np.repeat([[1.0], [1.0], [-1.0]], 400, axis=1)
    found = mean_effect(difference, [0, 0, 0])
    assert mcnemar(found.won, found.lost) < 1e-9
    assert found.p_value > 0.5


def drawn(rng, runs, spread, apart=0.0):
    """Successes of runs at 60 starts of which some are hard, the runs' own luck spread in logits; `apart` is added."""
    start = rng.normal(0, 1.5, 60)
    return (rng.random((runs, 60)) < expit(1.0 + apart + rng.normal(0, spread, (runs, 1)) + start)).astype(float)


def test_where_nothing_differs_one_effect_in_twenty_is_called_significant():
    rng = np.random.default_rng(0)
    for groups, spread in (([0, 0, 0], 0.4), ([0, 0, 0, 1, 1, 1], 0.8), ([0, 1, 2, 3], 0.4)):
        found = []
        for _ in range(400):
            both = drawn(rng, 2 * len(groups), spread)
            found.append(mean_effect(both[::2] - both[1::2], groups).p_value <= 0.05)
        assert np.mean(found) <= 0.085  # two standard errors of the simulation above 6.5 %


def test_an_effect_that_is_there_is_found():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(100):
        start = rng.normal(0, 1.5, 100)
        before, after = ((rng.random((3, 100)) < expit(shift + start)).astype(float) for shift in (0.0, 1.5))
        found.append(mean_effect(after - before, [0, 0, 0]).p_value <= 0.05)
    assert np.mean(found) >= 0.9


@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_of_a_cell_hold_its_true_rate(seeds):
    """At 60 starts, where seeds differ by 6 points; that of many seeds at many starts is the truth."""
    rng = np.random.default_rng(2)
    luck, start = rng.normal(0, 0.4, 400), rng.normal(0, 1.5, 4000)
    truth = interquartile_mean(expit(1.0 + luck[:, None] + start).mean(axis=1))
    held = []
    for _ in range(200):
        low, high = rate_over_seeds(drawn(rng, seeds, 0.4))[1]
        held.append(low <= truth <= high)
    assert np.mean(held) >= 0.91
