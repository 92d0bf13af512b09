"""The cells of a sweep: combinations, names, and all mistakes at once."""

import subprocess
import sys

import pytest

from bczoo.engine.sweep_grid import make_plan
from bczoo.engine.sweep_plan import read_plan
from bczoo.errors import InputError
from bczoo.files import write_json
from bczoo.schema import unstructure
from bczoo.specfile import load_spec

POOL = {"policy.backbone.pool": ["avg", "spatial_softmax"]}
EPOCHS = {"train.epochs": [1, 2, 3]}


def plan(specs=("bc_cnn",), *, vary, seeds=(0, 1), **settings):
    return make_plan(specs, vary=vary, seeds=seeds, **settings)


def refusal(*specs, vary, **settings):
    with pytest.raises(InputError) as error:
        plan(specs or ("bc_cnn",), vary=vary, **settings)
    return str(error.value)


def test_a_grid_has_every_combination_and_seeds_are_outermost():
    found = plan(vary=POOL | EPOCHS)
    assert [cell.name for cell in found.cells] == [
        f"pool={pool},epochs={epochs}" for pool in ("avg", "spatial_softmax") for epochs in (1, 2, 3)
    ]
    assert [seed for _, seed in found.runs] == [0] * 6 + [1] * 6


def test_one_at_a_time_each_cell_differs_from_the_base_in_one_key():
    found = plan(vary=POOL | EPOCHS, design="one-at-a-time")
    assert [cell.name for cell in found.cells] == ["base", "pool=spatial_softmax", "epochs=2", "epochs=3"]
    assert [[*cell.levels.values()] for cell in found.cells] == [
        ["avg", 1],
        ["spatial_softmax", 1],
        ["avg", 2],
        ["avg", 3],
    ]


def test_a_cell_has_the_spec_that_its_overrides_make():
    found = plan(vary=POOL, overrides=["train.epochs=5"], seeds=[4])
    for cell, pool in zip(found.cells, ("avg", "spatial_softmax"), strict=True):
        wanted = load_spec("bc_cnn", ["train.epochs=5", f"policy.backbone.pool={pool}", "seed=4"])
        assert cell.spec == unstructure(wanted)
        assert cell.overrides == (f'policy.backbone.pool="{pool}"',)


def test_an_option_that_is_set_belongs_to_the_parts_that_are_varied():
    found = plan(vary={"policy.temporal.use": ["gru", "lstm"]}, overrides=["policy.temporal.layers=2"])
    assert [cell.spec["policy"]["temporal"]["layers"] for cell in found.cells] == [2, 2]
    assert [cell.name for cell in found.cells] == ["temporal=gru", "temporal=lstm"]


def test_several_specs_are_an_axis_and_come_first():
    found = plan(("bc_cnn", "bc_vit"), vary={"train.optimizer.lr": [1e-3, 3e-4]})
    assert [axis.key for axis in found.vary] == ["spec", "train.optimizer.lr"]
    assert [cell.name for cell in found.cells][:2] == ["spec=bc_cnn,lr=0.001", "spec=bc_cnn,lr=0.0003"]
    assert [cell.spec_name for cell in found.cells] == ["bc_cnn"] * 2 + ["bc_vit"] * 2


def test_without_levels_a_cell_is_called_as_its_spec():
    assert [cell.name for cell in plan(vary={}).cells] == ["bc_cnn"]


def test_names_are_unlike_each_other_and_good_for_folders():
    rates = {"train.optimizer.lr": [1e-3, 1e-4], "train.backbone_lr": [1e-3], "policy.backbone.use": ["cnn"]}
    levels = {"loss": [{"use": "mse", "magnitude_weight": 2.0}, {"use": "huber"}], "data.path": ["../a/b", ".././a b"]}
    names = [cell.name for cell in plan(vary=rates | levels).cells]
    assert len({name.casefold() for name in names}) == 8
    assert names[0] == "lr=0.001,backbone_lr=0.001,backbone=cnn,loss=mse-magnitude_weight-2.0,path=a-b~0"
    assert not any(c in "".join(names) for c in "/\\ \"'{}")


def test_very_long_names_are_cut_and_still_differ():
    names = [cell.name for cell in plan(vary={"data.path": ["x" * 300 + "a", "x" * 300 + "b"]}).cells]
    assert len(set(names)) == 2
    assert max(map(len, names)) < 130


def test_keys_of_like_names_are_told_apart():
    found = plan(vary={"data.seed": [0, 1], "eval.seed": [0, 1]})
    assert found.cells[1].name == "data.seed=0,eval.seed=1"


def test_the_mistakes_of_all_cells_are_told_at_once_each_of_them_once():
    said = refusal(vary={"policy.backbone.pool": ["agv", "avg"], "train.epochs": [0, 1], "policy.bakbone.x": [1]})
    assert sorted(said.splitlines()) == [
        "--vary policy.backbone.pool=\"agv\": policy.backbone.pool: 'agv' is not one of 'avg', 'spatial_softmax', "
        "'flatten'; did you mean 'avg'?",
        "--vary policy.bakbone.x=1: policy.bakbone: unknown key; did you mean 'backbone'?",
        "--vary train.epochs=0: train.epochs: must be >= 1: 0",
    ]


def test_a_mistake_of_levels_together_names_the_cell():
    said = refusal(vary={"policy.horizon": [1, 16]})
    assert said.startswith("cell horizon=16: bc_cnn.toml (recipe): data.plan = 8 is shorter than policy.horizon = 16")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"vary": {"seed": [1]}}, "--vary seed: the seeds of a sweep are chosen by --seeds"),
        ({"vary": {}, "overrides": ["seed=1"]}, "--set seed=1: the seeds of a sweep are chosen by --seeds"),
        ({"vary": EPOCHS, "overrides": ["train.epochs=9"]}, "--set train.epochs=9: train.epochs is varied as well"),
        ({"vary": {"train.epochs": [1, 1]}}, "--vary train.epochs: the level 1 is given twice"),
        ({"vary": {"train.epochs": []}}, "--vary train.epochs: give at least one level"),
        (
            {"vary": {"spec": ["bc_cnn", "bc_vit"]}},
            "--vary spec: a spec has no such key; to compare specs, give --spec",
        ),
        (
            {"vary": {"loss": [{"use": "l1"}], "loss.use": ["mse"]}},
            "--vary loss.use: it is the same as loss, or a piece",
        ),
        ({"vary": {"loss": [{"use": "l1"}, "l1"]}}, '--vary loss="l1": loss: expected a table with `use = "..."`'),
    ],
)
def test_keys_and_levels_that_contradict_each_other_are_one_sentence(settings, said):
    assert refusal(**settings).startswith(said)


def test_more_runs_than_anybody_means_are_refused_before_there_are_as_many_cells():
    levels = {f"policy.{key}": list(range(1, 101)) for key in ("horizon", "steps", "a", "b", "c")}
    assert refusal(vary=levels) == (
        "10,000,000,000 cells with 2 seeds are 20,000,000,000 runs, more than 10,000; leave levels or seeds out, or "
        "change one key at a time (--one-at-a-time)"
    )
    assert refusal(vary=levels, seeds=range(21), design="one-at-a-time") == (
        "496 cells with 21 seeds are 10,416 runs, more than 10,000; leave levels or seeds out"
    )


def test_two_cells_are_not_the_same_spec():
    levels = [{"use": "huber"}, {"use": "huber", "beta": 1.0}]
    assert refusal(vary={"loss": levels}) == (
        "cells loss=huber and loss=huber-beta-1.0 are the same spec; leave one of them out"
    )


def test_specs_need_names_of_their_own():
    assert refusal("bc_cnn", "bc_cnn", vary={}) == (
        "--spec bc_cnn: bc_cnn is called 'bc_cnn', too; give each spec its own `name`"
    )


def test_a_plan_that_is_written_is_read_back(tmp_path):
    levels = {"loss": [{"use": "mse"}, {"use": "huber", "magnitude_weight": 2.0}], "train.clip": [0.5, 1.0]}
    found = plan(("bc_cnn", "bc_vit"), vary=levels)
    write_json(tmp_path / "sweep.json", found.as_json())
    assert read_plan(tmp_path) == found


def test_planning_imports_nothing_heavy():
    program = (
        "import sys; from bczoo.engine.sweep import plan_sweep; "
        "plan_sweep(['bc_cnn'], vary={'train.epochs': [1, 2]}, seeds=3); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
