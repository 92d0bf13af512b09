"""How specs stand over their seeds: the same as in a sweep, and as in a comparison of single runs."""

import pytest
from evaluations import evaluated
from pages import swept

from bczoo.engine.compare import compare
from bczoo.engine.report.gather import gather
from bczoo.engine.report.groups import grouped
from bczoo.engine.report.sources import read_source
from bczoo.engine.report.standing import beside_baseline, standing
from bczoo.engine.sweep_results import read_sweep
from bczoo.errors import InputError


@pytest.fixture
def sweep(tmp_path):
    """Two cells with three seeds, the second better."""
    won = {"a": ["1" * 10 + "0" * 30, "1" * 14 + "0" * 26, "1" * 9 + "0" * 31], "b": ["1" * 30 + "0" * 10] * 3}
    runs = {(cell, seed): successes for cell, some in won.items() for seed, successes in enumerate(some)}
    levels = {"a": {"train.epochs": 3}, "b": {"train.epochs": 4}}
    return swept(tmp_path / "sweep", runs, {"train.epochs": [3, 4]}, levels)


def test_rates_and_intervals_are_those_of_the_sweeps_leaderboard(sweep):
    standings = [standing(group) for group in gather([sweep]).groups]
    places = {place.cell: place for place in read_sweep(sweep).leaderboard}
    for one in standings:
        place = places[one.group.name]
        assert (one.rate, one.interval) == (place.success_rate, place.interval)
        assert one.rates == list(place.rates.values())
        assert one.median_steps == place.median_steps


def test_a_difference_over_seeds_is_that_of_the_sweeps_effect(sweep):
    (found,), _ = beside_baseline(gather([sweep]).groups)
    (effect,) = read_sweep(sweep).effects
    assert (found.success.value, found.success.interval) == (effect.difference, effect.interval)
    assert (found.corrected_p, found.significant, found.verdict) == (effect.corrected_p, True, "better")


def test_single_runs_are_compared_as_compare_does(tmp_path):
    folders = [evaluated(tmp_path / name, won, spec={"train.epochs": len(name)}) for name, won in RUNS.items()]
    groups = grouped(read_source(folder, folder.name) for folder in folders)
    beside, _ = beside_baseline(groups)
    contrasts = compare(folders).contrasts
    assert [(one.success, one.corrected_p, one.won, one.lost) for one in beside] == [
        (contrast.success, contrast.corrected_p, contrast.won, contrast.lost) for contrast in contrasts
    ]


def test_runs_without_a_start_in_common_are_refused(tmp_path):
    folders = [evaluated(tmp_path / f"a{seed}", "1010", spec={"seed": seed}) for seed in range(2)]
    folders.append(evaluated(tmp_path / "b", "1010", first=4, spec={"train.epochs": 9}))
    with pytest.raises(InputError, match="b and a0 have no start in common"):
        beside_baseline(grouped(read_source(folder, folder.name) for folder in folders))


RUNS = {"one": "1100110011", "three": "1111110011", "eleven": "0000110000"}
