"""Before the runs of a sweep begin: what is refused, and demonstrations that runs share."""

import resource
from pathlib import Path

import attrs
import pytest
from specs import toy_spec

from bczoo.engine import sweep_run
from bczoo.engine.sweep import plan_sweep, resume_sweep
from bczoo.engine.sweep import sweep as run_sweep
from bczoo.engine.sweep_files import failure_of, last_line
from bczoo.engine.sweep_plan import CellPlan, Plan
from bczoo.errors import BczooError, InputError, SpecError
from bczoo.files import write_json
from bczoo.schema import unstructure
from bczoo.specfile import dump_spec, spec_from_table


@pytest.fixture
def toy(runs, folder):
    """A spec file over the toy env, in the folder we are in."""
    Path("toy.toml").write_text(dump_spec(toy_spec(folder)), encoding="utf-8")
    return "toy.toml"


def test_cells_whose_parts_do_not_fit_are_all_refused_before_anything_is_made(toy):
    with pytest.raises(SpecError) as error:
        run_sweep(toy, vary={"policy.action.use": ["spherical", "direction", "cartesian"]}, show=False)
    assert [mistake.partition(": ")[0] for mistake in error.value.mistakes] == [
        "cell action=spherical",
        "cell action=direction",
    ]
    assert not Path("sweeps").exists()


def test_all_runs_on_one_gpu_are_refused(toy):
    with pytest.raises(
        SpecError, match=r"cell toy: train.device = 'cuda:0' would put all runs on one GPU; write 'cuda'"
    ):
        run_sweep(toy, overrides=["train.device=cuda:0"], show=False)


def test_different_demonstrations_in_one_folder_are_refused(toy):
    levels = {"data.demos": [3, 4], "data.path": ["new"]}
    with pytest.raises(
        SpecError, match=r"cells demos=3,path=new and demos=4,path=new ask for different demonstrations"
    ):
        run_sweep(toy, vary=levels, show=False)
    assert not Path("new").exists()


def test_what_is_collected_is_not_varied_where_it_is_there_already(toy, folder):
    with pytest.raises(SpecError, match=r"cells demos=3 and demos=4 ask for different demonstrations in the same fold"):
        run_sweep(toy, vary={"data.demos": [3, 4]}, show=False)
    plan = plan_sweep([toy], vary={"env.max_steps": [9, 20]}, seeds=1)
    sweep_run.check_cells(plan)  # other envs may be asked for with what is there


def test_parts_that_fit_are_looked_at_once_however_they_are_trained(toy, monkeypatch):
    looked = []
    monkeypatch.setattr(sweep_run, "refuse_impossible", looked.append)
    levels = {"train.epochs": [1, 2, 3], "policy.horizon": [1, 2], "data.noise": [0.1]}
    sweep_run.check_cells(plan_sweep([toy], vary=levels, seeds=2))
    assert [spec.policy.horizon for spec in looked] == [1, 2]


def test_a_plan_that_cannot_be_written_leaves_no_folder_in_the_way(toy, monkeypatch):
    monkeypatch.setattr(sweep_run, "go_on", lambda *_, **__: pytest.fail("a sweep without a plan has begun"))
    least, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, most))
    try:
        with pytest.raises(BczooError, match=r"^cannot write sweeps/s/sweep.json: "):
            run_sweep(toy, name="s", show=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (least, most))
    assert list(Path("sweeps").iterdir()) == []


def test_a_sweep_whose_parts_are_no_longer_installed_names_them(toy, monkeypatch):
    plan = plan_sweep([toy], vary={}, seeds=1)
    (cell,) = plan.cells
    lost = attrs.evolve(cell, spec=cell.spec | {"env": {"use": "gone"}})
    Path("sweeps/s").mkdir(parents=True)
    write_json(Path("sweeps/s/sweep.json"), attrs.evolve(plan, cells=(lost,)).as_json())
    with pytest.raises(
        SpecError, match=r"^sweeps/s/sweep.json, made by bczoo \S+: cell toy: env.use: no env called 'g"
    ):
        resume_sweep("sweeps/s", show=False)


def test_a_name_that_is_too_long_for_a_folder_is_one_sentence(toy):
    with pytest.raises(BczooError, match=r"^cannot create sweeps/x{300}: File name too long"):
        run_sweep(toy, name="x" * 300, show=False)
    with pytest.raises(InputError, match=r"^x{300} holds no sweep"):
        resume_sweep("x" * 300)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a"])
def test_a_name_is_a_plain_one(toy, name):
    with pytest.raises(
        InputError, match=r"--name .*: give a plain name, without folders; the sweep goes to sweeps/NAME"
    ):
        run_sweep(toy, name=name, show=False)


def test_what_is_no_spec_is_refused():
    with pytest.raises(InputError, match="give at least one spec to sweep"):
        plan_sweep([], vary={}, seeds=1)


def planned(*specs):
    cells = [
        CellPlan(name=f"c{i}", spec_name="toy", levels={}, overrides=(), spec=spec) for i, spec in enumerate(specs)
    ]
    return Plan(bczoo="1", design="grid", specs=(), vary=(), seeds=(0,), cells=tuple(cells))


def test_runs_whose_demonstrations_cannot_be_had_have_failed_and_the_others_go_on(runs, folder, monkeypatch):
    asked = []

    def collect(request, place, *, show):
        asked.append(place)
        raise BczooError("the expert is ill")

    monkeypatch.setattr(sweep_run, "collect_with_bar", collect)
    specs = [unstructure(toy_spec(place)) for place in (folder, "none", "none")]
    cells = planned(*specs).cells
    left, read = [(cell, 0) for cell in cells], {cell.name: spec_from_table(cell.spec) for cell in cells}
    sweep = Path("sweeps/s")
    sweep.mkdir(parents=True)
    assert sweep_run._with_demos(sweep, Path(), left, read, show=False) == [("c0", 0)]
    assert asked == [Path("none")]  # once for both
    assert [last_line(failure_of(sweep, name, 0)) for name in ("c1", "c2")] == ["error: the expert is ill"] * 2
