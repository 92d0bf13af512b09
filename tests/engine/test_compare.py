"""Comparing evaluated runs: which starts are paired, what is refused, and what is said of the specs."""

import json
import re
import shutil

import pytest
from evaluations import evaluated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specs import toy_spec
from test_checkpoint import ACTION, OBS
from test_policy import ready

import bczoo
from bczoo.engine.checkpoint import save_policy
from bczoo.engine.compare import compare
from bczoo.engine.experiment import train
from bczoo.errors import InputError

BASE = "11110000" * 5  # 40 starts, 20 successes


@pytest.fixture
def base(tmp_path):
    return evaluated(tmp_path / "base", BASE)


def test_a_run_is_set_beside_the_baseline_start_by_start(base, tmp_path):
    other = evaluated(tmp_path / "other", "11101110" * 5)  # of each eight, three more won and one lost
    found = bczoo.compare([base, other])
    (contrast,) = found.contrasts
    assert (found.starts, contrast.won, contrast.lost) == (40, 15, 5)
    assert [run.success_rate for run in found.outcomes] == [0.5, 0.75]
    assert contrast.success.value == 0.25
    assert contrast.p_value == contrast.corrected_p == pytest.approx(0.041389, abs=1e-6)
    assert contrast.significant
    assert found.verdicts[0].startswith(f"{other} succeeds more often than {base}: +25.0 points (95 % interval +")


def test_steps_are_compared_where_both_succeed_and_returns_everywhere(tmp_path):
    won = "1" * 12 + "0" * 4
    one = evaluated(tmp_path / "one", won, steps=[20] * 16, returns=[1.0] * 16)
    lost = "01" + won[2:]
    other = evaluated(tmp_path / "two", lost, steps=[90] + [17] * 15, returns=[3.0] * 16)
    (contrast,) = compare([one, other]).contrasts
    assert (contrast.steps.value, contrast.steps.interval, contrast.steps.starts) == (-3.0, (-3.0, -3.0), 11)
    assert (contrast.episode_return.value, contrast.episode_return.starts) == (2.0, 16)


def test_a_run_is_not_different_from_itself(base, tmp_path):
    found = compare([base, shutil.copytree(base, tmp_path / "copy")])
    (contrast,) = found.contrasts
    assert (contrast.success.value, contrast.p_value, contrast.significant) == (0.0, 1.0, False)
    assert (contrast.steps.value, contrast.episode_return.value) == (0.0, 0.0)
    assert (contrast.changes, contrast.seeds, contrast.starts_needed) == ([], [], None)
    assert "succeed equally often; a difference of -8.8 to +8.8 points would fit that." in found.verdicts[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=30)
)
def test_swapping_two_runs_flips_every_sign(tmp_path_factory, starts):
    place = tmp_path_factory.mktemp("swap")
    wins = ["".join("01"[start[side]] for start in starts) for side in (0, 1)]
    steps = [[start[side] for start in starts] for side in (2, 3)]
    one, other = (
        evaluated(place / name, wins[i], steps=steps[i], returns=[float(s) for s in steps[i]])
        for i, name in enumerate(("one", "other"))
    )
    (there,), (back,) = compare([one, other]).contrasts, compare([other, one]).contrasts
    assert (there.won, there.lost) == (back.lost, back.won)
    assert there.p_value == pytest.approx(back.p_value)
    assert (there.significant, there.starts_needed) == (back.significant, back.starts_needed)
    for name in ("success", "steps", "episode_return"):
        ahead, behind = getattr(there, name), getattr(back, name)
        assert ahead.starts == behind.starts
        if ahead.value is not None:
            assert ahead.value == pytest.approx(-behind.value)
        if ahead.interval is not None:
            assert ahead.interval == pytest.approx((-behind.interval[1], -behind.interval[0]), abs=1e-9)


def test_starts_that_both_win_or_both_lose_do_not_make_a_difference_surer(tmp_path):
    pairs = {"few": ("1000000", "0111111"), "many": ("1000000" + "1" * 50 + "0" * 50, "0111111" + "1" * 50 + "0" * 50)}
    p_values = []
    for name, wins in pairs.items():
        runs = [evaluated(tmp_path / name / str(i), won) for i, won in enumerate(wins)]
        p_values.append(compare(runs).contrasts[0].p_value)
    assert p_values[0] == p_values[1] == pytest.approx(0.125)


def test_several_runs_are_corrected_for_being_several(base, tmp_path):
    others = [evaluated(tmp_path / str(i), "11101110" * 5) for i in range(3)]
    found = compare([base, *others])
    assert [contrast.corrected_p for contrast in found.contrasts] == pytest.approx([3 * 0.041389] * 3, abs=1e-5)
    assert not any(contrast.significant for contrast in found.contrasts)
    assert "do not differ significantly: +25.0 points" in found.verdicts[0]
    assert "p = 0.12 after Holm's correction." in found.verdicts[0]
    assert found.contrasts[0].starts_needed > compare([base, others[0]]).contrasts[0].starts_needed


# ---- starts in common


def test_only_the_starts_in_common_are_compared_and_it_says_how_many(tmp_path):
    long = evaluated(tmp_path / "long", "1" * 60)
    short = evaluated(tmp_path / "short", "0" * 20)
    found = compare([long, short])
    assert found.starts == 20
    assert [run.left_out for run in found.outcomes] == [40, 0]
    assert found.notes[0] == f"Only the starts that all have in common are compared; left out are 40 of {long}."


def test_the_same_index_of_another_seed_is_another_start(base, tmp_path):
    other = evaluated(tmp_path / "other", BASE, seed=1)
    with pytest.raises(InputError, match=r"other and .*base have no start in common: eval.seed is 1 there and 0 here"):
        compare([base, other])


def test_three_runs_of_which_no_start_is_common_to_all_are_refused(base, tmp_path):
    early = evaluated(tmp_path / "early", "1" * 20)
    late = evaluated(tmp_path / "late", "1" * 20, first=20)
    assert compare([base, early]).starts == compare([base, late]).starts == 20
    with pytest.raises(InputError, match=r"base, .*early, .*late: no start is common to all of them"):
        compare([base, early, late])


# ---- a folder that is given again


def test_a_baseline_that_a_pattern_gives_again_is_compared_once(base, tmp_path):
    others = [evaluated(tmp_path / name, "11101110" * 5) for name in ("a", "b")]
    (tmp_path / "latest").symlink_to(base)
    found = compare([base, *others, tmp_path / "latest", base])
    assert found.contrasts == compare([base, *others]).contrasts
    assert found.notes[:2] == [
        f"{tmp_path}/latest is given twice and compared once.",
        f"{base} is given twice and compared once.",
    ]


# ---- how few starts are enough


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "1 start is too few: nothing seen on fewer than 6 can be significant."),
        (3, "3 starts are too few: nothing seen on fewer than 6 can be significant."),
        (20, "20 starts are few: no difference below 30 points (6 starts) can be significant."),
        (49, "49 starts are few: no difference below 12 points (6 starts) can be significant."),
        (50, None),
    ],
)
def test_a_small_number_of_starts_is_said_to_be_small(tmp_path, n, said):
    runs = [evaluated(tmp_path / name, "1" * n) for name in ("one", "two")]
    assert compare(runs).notes == ([said] if said else [])


def test_what_a_note_calls_too_small_to_be_significant_never_is(tmp_path):
    """Six starts of 49 are 12.2 points, won by one run alone."""
    found = compare([evaluated(tmp_path / "one", "0" * 49), evaluated(tmp_path / "two", "1" * 6 + "0" * 43)])
    assert found.contrasts[0].significant
    least = int(re.search(r"no difference below (\d+) points", found.notes[0])[1])
    assert 100 * found.contrasts[0].success.value >= least


def test_a_difference_that_is_not_seen_clearly_says_what_it_would_take(tmp_path):
    runs = [
        evaluated(tmp_path / "one", "1" * 10 + "0" * 20 + "0" * 70),
        evaluated(tmp_path / "two", "0" * 10 + "1" * 20 + "0" * 70),
    ]
    (verdict,) = compare(runs).verdicts
    assert verdict.endswith("p = 0.099. A difference of this size would take about 240 starts to see.")


# ---- what differs between the specs


def told(changes):
    return {change.key: (change.baseline, change.run) for change in changes}


def test_only_the_keys_that_differ_are_told_options_of_parts_included(base, tmp_path):
    spec = {
        "policy.head": {"use": "mixture", "modes": 5},
        "policy.backbone.channels": [8, 32],
        "data.augment": [{"use": "shift", "pixels": 2}],
        "train.epochs": None,
        "train.steps": 70,
    }
    other = evaluated(tmp_path / "other", BASE, spec=spec)
    (contrast,) = compare([base, other]).contrasts
    assert told(contrast.changes) == {
        "policy.backbone.channels": ([8, 16], [8, 32]),
        "policy.head.use": ("mlp", "mixture"),
        "policy.head.dropout": (0.0, None),
        "train.epochs": (3, None),
        "data.augment.0.use": (None, "shift"),
        "data.augment.0.pixels": (None, 2),
        "policy.head.modes": (None, 5),
        "train.steps": (None, 70),
    }
    assert contrast.seeds == []


def test_seeds_stand_apart_and_names_and_places_are_left_out(base, tmp_path):
    spec = {"seed": 1, "data.seed": 7, "name": "x", "data.path": "demos/there", "eval.videos": 9, "eval.slots": 16}
    # By the former it was judged as well; the latter changes how numbers are rounded.
    spec |= {"eval.shift": ["lighting"], "eval.batch": 7}
    other = evaluated(tmp_path / "other", BASE, spec=spec)
    (contrast,) = compare([base, other]).contrasts
    assert contrast.changes == []
    assert told(contrast.seeds) == {"seed": (0, 1), "data.seed": (0, 7)}


def test_a_run_whose_spec_is_gone_is_compared_and_its_changes_are_not_known(base, tmp_path):
    other = evaluated(tmp_path / "other", BASE)
    (other / "spec.toml").unlink()
    (contrast,) = compare([base, other]).contrasts
    assert (contrast.changes, contrast.seeds) == (None, None)


def test_two_evaluations_of_one_policy_differ_in_how_it_was_asked(runs, tmp_path):
    spec = toy_spec("demos", policy={"horizon": 4}, eval={"episodes": 2}, env={"use": "toy", "max_steps": 3})
    path = tmp_path / "policy.safetensors"
    save_policy(path, ready(spec.policy, OBS, ACTION), spec)
    bczoo.evaluate(path, out="evals/one", show=False)
    bczoo.evaluate(path, out="evals/two", execute=2, episodes=3, show=False)
    found = compare(["evals/one", "evals/two"])
    (contrast,) = found.contrasts
    assert found.starts == 2
    assert told(contrast.changes) == {"eval.execute": (1, 2)}
    assert json.loads((tmp_path / "evals" / "one" / "eval.json").read_text())["policy"] == str(path)


def test_a_run_and_the_evaluation_of_its_policy_are_the_same(folder, runs):
    run = train(toy_spec(folder, train={"epochs": 1}), run="r", show=False)
    again = bczoo.evaluate(run.folder / "policy.safetensors", out="evals/again", show=False)
    found = compare([run.folder, again.folder])
    (contrast,) = found.contrasts
    assert found.starts == 6
    assert (contrast.won, contrast.lost, contrast.steps.value) in [(0, 0, 0.0), (0, 0, None)]
    assert (contrast.episode_return.value, contrast.changes, contrast.seeds) == (0.0, [], [])


# ---- as JSON


def test_the_whole_is_json_and_comes_back_the_same(base, tmp_path):
    spec = {"policy.head": {"use": "mixture", "modes": 5}, "seed": 3}
    found = compare([base, evaluated(tmp_path / "other", "11101110" * 5, spec=spec)]).as_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["contrasts"][0]["seeds"] == [{"key": "seed", "baseline": 0, "run": 3}]
    assert len(found["verdicts"]) == 1
