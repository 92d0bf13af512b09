"""Judging a policy: what is written and when, and how it is asked for from Python."""

import json

import pytest
from specs import toy_spec
from test_checkpoint import ACTION, OBS
from test_policy import ready
from toy_env import Toy, ToyEnv

import bczoo
from bczoo.engine.checkpoint import save_policy
from bczoo.engine.experiment import train
from bczoo.engine.judge import judge
from bczoo.errors import InputError
from bczoo.spec import Eval


@pytest.fixture
def file(runs, tmp_path):
    """A policy of chunks whose spec averages them and films one rollout."""
    spec = toy_spec(
        "demos",
        policy={"horizon": 4},
        eval={"ensemble": 0.5, "episodes": 2, "videos": 1},
        env={"use": "toy", "max_steps": 3},
    )
    path = tmp_path / "policy.safetensors"
    save_policy(path, ready(spec.policy, OBS, ACTION), spec)
    return path


def settings_of(evaluation):
    return json.loads((evaluation.folder / "eval.json").read_text())["settings"]


# ---- envs without pictures


def test_an_env_that_gives_no_pictures_costs_the_video_and_not_the_run(folder, runs, caplog):
    result = train(toy_spec(folder, train={"epochs": 1}, eval={"videos": 2}), run="r", show=False)
    assert result.report.episodes == 6
    assert "no rollouts.mp4: env 'toy' has no render mode 'rgb_array'" in caplog.text
    names = {path.name for path in (runs / "r").iterdir()}
    assert "eval.json" in names
    assert not names & {"rollouts.mp4", "state"}


def test_neither_does_one_that_cannot_draw_here(file, monkeypatch, caplog):
    monkeypatch.setattr(ToyEnv, "metadata", {"render_modes": ["rgb_array"], "render_fps": 10})
    monkeypatch.setattr(ToyEnv, "render", lambda _: (_ for _ in ()).throw(OSError("no display")), raising=False)
    made = bczoo.evaluate(file, show=False)
    assert "no rollouts.mp4: env 'toy' cannot be rendered (OSError: no display)" in caplog.text
    assert [path.name for path in made.folder.iterdir()] == ["eval.json"]


def test_the_report_is_written_last_since_it_says_that_all_is_there(file, tmp_path, monkeypatch):
    def cut(*_):
        raise SystemError("power cut")

    monkeypatch.setattr("bczoo.engine.judge.write_rollouts", cut)
    with pytest.raises(SystemError):
        judge(bczoo.load_policy(file), Toy(), Eval(episodes=1, videos=1), tmp_path, show=False)
    assert not (tmp_path / "eval.json").exists()


# ---- from Python


def test_a_file_is_judged_as_its_spec_says_but_for_what_is_asked(file):
    made = bczoo.evaluate(str(file), out="mine", show=False, seed=3, slots=1, videos=0)
    assert (made.folder.name, made.report.episodes) == ("mine", 2)
    said = settings_of(made)
    assert (said["seed"], said["slots"], said["videos"], said["ensemble"]) == (3, 1, 0, 0.5)


def test_none_turns_averaging_off(file):
    assert "ensemble" not in settings_of(bczoo.evaluate(file, show=False, videos=0, ensemble=None, execute=2))


def test_without_a_folder_it_goes_to_evals(file, tmp_path):
    made = bczoo.evaluate(file, show=False, videos=0)
    assert made.folder.parts[0] == "evals"
    assert made.folder.name.startswith("toy-")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"videos": 200}, r"eval\.videos: must be <= 100: 200"),
        ({"episodes": 1_000_000}, r"eval\.episodes: must be <= 100000: 1000000"),
        ({"episodes": None}, r"eval\.episodes: expected a whole number, got None"),
        ({"epsiodes": 3}, r"eval\.epsiodes: unknown key; did you mean 'episodes'\?"),
        ({"videos": -1, "seed": "x"}, r"(?s)eval\.seed: expected.*eval\.videos: must be >= 0"),
        ({"ensemble": None, "execute": 5}, r"execute = 5: this policy predicts 4 actions at once"),
        ({"execute": 2}, r"ensemble = 0\.5 needs a chunk at every step"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_made(file, tmp_path, settings, said):
    with pytest.raises(InputError, match=said) as error:
        bczoo.evaluate(file, out="mine", show=False, **settings)
    assert error.value.exit_code == 2
    assert not (tmp_path / "mine").exists()


def test_a_folder_that_is_there_is_left_alone(file, tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="mine exists and will not be overwritten; choose another, or delete it"):
        bczoo.evaluate(file, out=tmp_path / "mine", show=False)


@pytest.mark.parametrize("device", ["gpu", "meta", "cuda:x", "cuda:99999999999999", ""])
def test_what_is_no_device_is_refused_in_a_sentence(file, device):
    with pytest.raises(InputError, match=f"no device '{device}'; give auto, cpu, mps, cuda or cuda:N"):
        bczoo.evaluate(file, device=device)
    with pytest.raises(InputError, match="no device"):
        bczoo.load_policy(file, device)
