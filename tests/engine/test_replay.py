"""Replays: the files hold the whole episode, and say how it ended."""

import json
import shutil

import attrs
import av
import numpy as np
import pytest
from PIL import Image, ImageSequence
from specs import toy_spec, toys
from test_checkpoint import ACTION
from test_policy import ready
from toy_env import Toy, ToyEnv, ask

import bczoo
from bczoo.engine.checkpoint import load_with_spec
from bczoo.engine.collect import collect
from bczoo.engine.demos import Demos
from bczoo.engine.evaluate import evaluate
from bczoo.engine.experiment import train
from bczoo.engine.footage import demonstrated
from bczoo.engine.perform import performed
from bczoo.engine.screen import CAPTION, Screen
from bczoo.engine.shift_name import Shift
from bczoo.engine.video import GREEN, GREY, RED
from bczoo.shapes import Obs
from bczoo.spec import Eval

FPS = 10  # of the toy env
PAUSE = FPS  # frames


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """A short run of a policy with history and chunks, judged on six starts."""
    with pytest.MonkeyPatch.context() as patch, toys():
        patch.chdir(tmp_path_factory.mktemp("trained"))
        policy = {"steps": 2, "horizon": 3}
        spec = toy_spec(folder, train={"epochs": 1}, policy=policy, eval={"execute": 2})
        return train(spec, run="r", show=False).folder.absolute()


@pytest.fixture
def run(trained, runs):
    """A copy of it, as runs/r."""
    return shutil.copytree(trained, runs / "r").relative_to(runs.parent)


def film(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)], stream.average_rate


def near(pixel, colour):
    return np.abs(pixel.astype(int) - colour).max() < 30


# ---- demonstrations


def test_a_film_of_a_demonstration_has_all_of_its_frames_and_a_pause(folder, tmp_path):
    made = bczoo.replay(folder, episode=3, to=tmp_path / "x.mp4", show=False)
    length = int(Demos.open(folder).episode_ends[3] - Demos.open(folder).episode_starts[3])
    frames, rate = film(made.path)
    assert (len(frames), made.steps, rate) == (length + PAUSE, length, FPS)
    assert made.success
    assert made.sentence == f"episode 3: success after {length} steps"
    corners = [frame[CAPTION // 2, 2] for frame in (frames[0], frames[length - 2], frames[length - 1], frames[-1])]
    assert [near(corner, GREEN) for corner in corners] == [False, False, True, True]
    assert near(corners[0], GREY)


def test_a_film_shows_the_images_that_were_recorded(folder):
    demos = Demos.open(folder)
    footage = demonstrated(demos, 3)
    at = int(demos.episode_starts[3])
    for step in range(footage.frames):
        (shown,) = footage.look(step).values()
        np.testing.assert_array_equal(shown, demos.gather_images("front", demos.episode_starts[3:4] + step)[0])
        np.testing.assert_array_equal(footage.chunks[step], demos.plan[at + step])
    np.testing.assert_array_equal(footage.action, demos.action[at : at + footage.frames])
    dark, bright = (Screen(footage).frame(step)[CAPTION + 100, 100] for step in (0, footage.frames - 1))
    assert (bright > dark).all()  # the toy env's picture brightens step by step


def test_a_gif_has_them_too_and_runs_for_as_long(folder, tmp_path):
    made = bczoo.replay(folder, episode=0, to=tmp_path / "x.gif", show=False)
    with Image.open(made.path) as picture:
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(picture)]
        assert picture.info["loop"] == 0
    # Equal pictures, those of the pause, are one that stays.
    assert len(durations) == made.steps
    assert sum(durations) == 100 * (made.steps + PAUSE)


def test_a_contact_sheet_is_one_picture_of_all_cameras(tmp_path, toy_zoo):
    folder = collect(ask(demos=1, env=Toy(cameras=("left", "right"))), tmp_path / "two", workers=1)
    one = bczoo.replay(folder, to=tmp_path / "x.png", show=False)
    with Image.open(one.path) as picture:
        assert picture.format == "PNG"
        assert picture.width >= 2 * 267  # two cameras of 6 x 8, 200 pixels high
        assert near(np.asarray(picture)[5, 2], GREEN)


def test_without_a_camera_there_are_curves_alone(tmp_path, toy_zoo):
    folder = collect(ask(demos=1, env=Toy(cameras=()), plan=0), tmp_path / "blind", workers=1)
    for suffix in ("png", "mp4"):
        assert bczoo.replay(folder, to=tmp_path / f"x.{suffix}", show=False).path.stat().st_size > 1000


def test_an_episode_of_one_frame_can_be_seen(tmp_path, toy_zoo):
    episode = {"images": {"front": np.zeros((1, 6, 8, 3), np.uint8)}, "state": np.zeros((1, 4))}
    folder = bczoo.write_demos(
        tmp_path / "one", [episode | {"action": np.zeros((1, 2)), "success": False}], env={"use": "toy"}, fps=1e9
    )
    made = bczoo.replay(folder, failures=True, to=tmp_path / "x.mp4", show=False)
    frames, rate = film(made.path)
    assert rate == 240  # nobody sees a thousand million pictures a second
    assert len(frames) == 1 + 240
    assert near(frames[0][CAPTION // 2, 2], RED)
    assert made.sentence == "episode 0: failure after 1 step"
    bczoo.replay(folder, to=tmp_path / "x.gif", show=False)


def test_without_a_name_it_is_called_after_folder_and_episode(folder, runs, monkeypatch):
    made = bczoo.replay(str(folder), episode=54, show=False)
    assert made.path.name == f"{folder.name}-episode54.mp4"
    assert made.path.parent.resolve() == runs.parent.resolve()


def test_numbers_that_are_none_leave_a_gap_in_their_curve(folder):
    footage = demonstrated(Demos.open(folder), 3)
    action = footage.action.copy()
    action[1:, 0] = np.nan
    chunks = {step: np.full_like(chunk, np.inf) for step, chunk in footage.chunks.items()}
    broken = attrs.evolve(footage, action=action, chunks=chunks)
    assert Screen(broken).frame(1).shape == Screen(footage).frame(1).shape


# ---- rollouts


def test_every_start_ends_as_it_was_judged(run, tmp_path):
    table = json.loads((run / "eval.json").read_text())["table"]
    for start in (0, 5):
        made = bczoo.replay(run, start=start, to=tmp_path / f"{start}.mp4", show=False)
        assert (made.success, made.steps) == (table[start]["success"], table[start]["steps"])
        assert made.differs is None
        assert made.sentence.endswith("as in runs/r/eval.json")
        assert len(film(made.path)[0]) == made.steps + 1 + PAUSE


def test_a_rollout_acts_as_the_evaluation_did_to_the_bit(run):
    policy, spec = load_with_spec(run / "policy.safetensors")
    report = evaluate(policy, spec.env, spec.eval)
    for start, judged in enumerate(report.table):
        footage, episode = performed(policy, spec.env, spec.eval, start, "x")
        assert episode.success == judged.success
        np.testing.assert_array_equal(footage.action, judged.actions)


def test_a_rollout_that_ends_otherwise_says_so(run, tmp_path, caplog):
    report = json.loads((run / "eval.json").read_text())
    report["table"][2]["steps"] += 1
    (run / "eval.json").write_text(json.dumps(report))
    made = bczoo.replay(run, start=2, to=tmp_path / "x.png", show=False)
    assert f"after {made.steps} steps this time, but in" in made.differs
    assert made.differs in caplog.text
    assert "as in" not in made.sentence


def test_the_first_failure_is_found(run, tmp_path):
    report = json.loads((run / "eval.json").read_text())
    for row in report["table"]:
        row["success"] = row["index"] != 4
    (run / "eval.json").write_text(json.dumps(report))
    assert bczoo.replay(run, failures=True, to=tmp_path / "x.png", show=False).number == 4


def test_a_policy_file_alone_is_enough(run, tmp_path):
    alone = tmp_path / "mine.safetensors"
    alone.write_bytes((run / "policy.safetensors").read_bytes())
    made = bczoo.replay(alone, start=7, show=False)
    assert made.path.name == "mine-start7.mp4"
    assert "as in" not in made.sentence


def test_a_run_that_was_not_evaluated_can_be_seen(folder, runs, tmp_path):
    made = train(toy_spec(folder, train={"epochs": 1}, eval={"episodes": 0}), run="r", show=False)
    assert bczoo.replay(made.folder, start=99, to=tmp_path / "x.png", show=False).number == 99


# ---- under a shift


@pytest.fixture
def slow(run, tmp_path):
    """The evaluation of that run's policy where actions come two steps late, with fewer steps for each."""
    policy = run / "policy.safetensors"
    return bczoo.evaluate(policy, shift=["action_delay=2"], seed=3, execute=1, out=tmp_path / "late", show=False).folder


def test_a_rollout_under_a_shift_ends_as_the_evaluation_under_it_did(slow, tmp_path):
    told = json.loads((slow / "eval.json").read_text())
    late = told["shifted"][0]["table"]
    for start in (1, 4):
        made = bczoo.replay(slow, start=start, shift="action_delay=2", to=tmp_path / f"{start}.png", show=False)
        assert (made.success, made.steps, made.differs) == (late[start]["success"], late[start]["steps"], None)
        assert made.sentence.startswith(f"start {start} under action_delay=2: ")
        assert made.sentence.endswith(f", as in {slow / 'eval.json'}")


def test_a_rollout_under_a_shift_acts_as_the_evaluation_did_to_the_bit(run):
    policy, spec = load_with_spec(run / "policy.safetensors")
    late = Shift("action_delay", 2.0)
    judged = evaluate(policy, spec.env, spec.eval, shift=late).table[1]
    footage, _ = performed(policy, spec.env, spec.eval, 1, "x", shift=late)
    np.testing.assert_array_equal(footage.action, judged.actions)
    assert (footage.state[1:3] == footage.state[0]).all()  # nothing arrives for two steps
    assert (footage.state[3] != footage.state[0]).any()
    assert footage.title == "x, start 1 under action_delay=2"


def test_the_first_failure_under_a_shift_is_that_of_its_own_starts(slow, tmp_path):
    told = json.loads((slow / "eval.json").read_text())
    for row in told["shifted"][0]["table"]:
        row["success"] = row["index"] != 3
    (slow / "eval.json").write_text(json.dumps(told))
    made = bczoo.replay(slow, failures=True, shift="action_delay=2", show=False)
    assert (made.number, made.path.name) == (3, "late-start3-action_delay=2.mp4")


def test_an_evaluation_is_acted_anew_from_its_own_starts_and_by_its_own_settings(slow, tmp_path):
    table = json.loads((slow / "eval.json").read_text())["table"]
    made = bczoo.replay(slow, start=2, to=tmp_path / "x.png", show=False)
    assert (made.success, made.steps, made.differs) == (table[2]["success"], table[2]["steps"], None)
    assert made.sentence.endswith(f"as in {slow / 'eval.json'}")


def test_under_a_shift_that_was_not_judged_nothing_is_compared(run, tmp_path):
    made = bczoo.replay(run, start=1, shift="action_delay", to=tmp_path / "x.png", show=False)
    assert made.sentence.startswith("start 1 under action_delay: ")
    assert "as in" not in made.sentence


class Painted(ToyEnv):
    """A toy without cameras, which can be filmed."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def render(self):
        return np.full((30, 40, 3), 10 * self.steps, np.uint8)


@pytest.mark.parametrize("filmed", [True, False])
def test_an_env_without_cameras_shows_what_it_draws(monkeypatch, toy_zoo, filmed):
    if filmed:
        monkeypatch.setattr("toy_env.ToyEnv", Painted)
    spec = toy_spec("demos", policy={"backbone": {"use": "none"}})
    blind = ready(spec.policy, Obs(steps=1, images={}, state=4), ACTION)
    env = Toy(cameras=(), max_steps=3, radius=0.0)
    footage, _ = performed(blind, env, Eval(episodes=1), 0, "x")
    assert [{name: image.max() for name, image in footage.look(step).items()} for step in range(4)] == (
        [{"env": 0}, {"env": 10}, {"env": 20}, {"env": 30}] if filmed else [{}, {}, {}, {}]
    )
