"""Recordings of one's own: what is written of them, and every way in which they can be wrong."""

import tracemalloc

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from toy_env import Toy

import bczoo
from bczoo.engine import own_demos
from bczoo.engine.demo_meta import read_meta
from bczoo.engine.demos import Demos
from bczoo.errors import BczooError, InputError, SpecError

FRAMES = 5


def episode(number=0, frames=FRAMES, **changes):
    """An episode as the toy env would have it, told apart by its number."""
    rng = np.random.default_rng(number)
    table = {
        "images": {"front": rng.integers(0, 256, (frames, 6, 8, 3), np.uint8)},
        "state": rng.normal(size=(frames, 4)),
        "action": rng.uniform(-1, 1, (frames, 2)),
    }
    return table | changes


def write(folder, *episodes, **changes):
    return bczoo.write_demos(folder, episodes, **{"env": Toy(), "fps": 10} | changes)


# ---- what is written


def test_what_was_given_is_what_is_read(tmp_path):
    given = [episode(number, frames=3 + number) for number in range(3)]
    assert write(tmp_path / "mine", *given) == tmp_path / "mine"
    demos = Demos.open(tmp_path / "mine")
    assert demos.episode_ends.tolist() == [3, 7, 12]
    images = demos.gather_images("front", torch.arange(12)).numpy()
    np.testing.assert_array_equal(images, np.concatenate([one["images"]["front"] for one in given]))
    for name in ("state", "action"):
        wanted = np.concatenate([one[name] for one in given]).astype(np.float32)
        np.testing.assert_array_equal(getattr(demos, name).numpy(), wanted)
    assert demos.plan is None


def test_meta_says_where_they_come_from_and_what_they_are(tmp_path):
    made = write(tmp_path / "mine", episode(seed=5), episode(frames=9, success=np.bool_(False)), fps=np.float32(12.5))
    meta = read_meta(made)
    assert (meta.recorded_elsewhere, meta.demos, meta.successes, meta.fps) == (True, 2, 1, 12.5)
    assert (meta.lengths.min, meta.lengths.max, meta.plan, meta.env["use"]) == (5, 9, 0, "toy")
    shard = load_file(made / "shard-00000.safetensors")
    assert (shard["seed"].tolist(), shard["success"].tolist()) == ([5, 0], [1, 0])


def test_plans_are_stored_and_are_the_labels_of_chunks(tmp_path):
    plan = np.full((FRAMES, 4, 2), 0.5)
    demos = Demos.open(write(tmp_path / "mine", episode(plan=plan), episode(plan=-plan)))
    assert (demos.meta.plan, demos.plan.shape) == (4, (2 * FRAMES, 4, 2))
    assert demos.plan[[0, -1], 0, 0].tolist() == [0.5, -0.5]


def test_twenty_five_go_into_a_shard_whatever_they_come_from(tmp_path):
    made = bczoo.write_demos(tmp_path / "mine", map(episode, range(55)), env=Toy(), fps=10)
    assert [shard.episodes for shard in read_meta(made).shards] == [25, 25, 5]


def test_large_episodes_go_into_smaller_shards_since_they_wait_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(own_demos, "SHARD_BYTES", 2000)  # of an episode's 849
    made = write(tmp_path / "mine", *map(episode, range(7)))
    assert [shard.episodes for shard in read_meta(made).shards] == [3, 3, 1]


def test_no_more_than_a_shard_is_held_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(own_demos, "SHARD_BYTES", 1 << 20)
    frames = 2000  # of 144 bytes each
    tracemalloc.start()
    write_all = (episode(number, frames=frames) for number in range(100))
    bczoo.write_demos(tmp_path / "mine", write_all, env=Toy(), fps=10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert Demos.open(tmp_path / "mine").frames == 100 * frames
    assert peak < 12 << 20  # all of it is 38 MB


def test_a_recorder_may_fill_the_same_buffer_again(tmp_path):
    buffer = episode()

    def record():
        for number in range(3):
            buffer["action"][:] = number / 4
            yield buffer

    demos = Demos.open(bczoo.write_demos(tmp_path / "mine", record(), env=Toy(), fps=10))
    assert demos.action[::FRAMES, 0].tolist() == [0.0, 0.25, 0.5]


def test_the_env_may_be_its_table_in_a_spec(tmp_path, toy_zoo):
    made = write(tmp_path / "mine", episode(), env={"use": "toy", "radius": 0.5})
    assert read_meta(made).env["radius"] == 0.5


def test_tensors_and_lists_and_whole_numbers_are_numbers_too(tmp_path):
    action = [[1, 0]] * FRAMES
    made = write(tmp_path / "mine", episode(action=action, state=torch.zeros(FRAMES, 4, dtype=torch.float64)))
    assert Demos.open(made).action.tolist() == action


def test_an_env_without_a_camera_or_without_a_state_has_recordings_too(tmp_path):
    state_only, images_only = episode(), episode()
    del state_only["images"], images_only["state"]
    blind = write(tmp_path / "blind", state_only, env=Toy(cameras=()))
    assert set(load_file(blind / "shard-00000.safetensors")) == {"state", "action", "episode_ends", "seed", "success"}
    assert Demos.open(blind).cameras == {}
    assert Demos.open(write(tmp_path / "numb", images_only, env=Toy(state=False))).meta.state == 0


# ---- what is refused

BAD = {
    "a wrong type of images": ({"images": {"front": np.zeros((5, 6, 8, 3))}}, r"images of camera 'front' are float64"),
    "images of another size": (
        {"images": {"front": np.zeros((5, 6, 9, 3), np.uint8)}},
        r"are uint8 \(5, 6, 9, 3\); wanted is uint8 \(5, 6, 8, 3\)",
    ),
    "an image too few": ({"images": {"front": np.zeros((4, 6, 8, 3), np.uint8)}}, r"wanted is uint8 \(5, 6, 8, 3\)"),
    "no images": ({"images": None}, "image of camera 'front' is missing"),
    "images of no camera": ({"images": np.zeros((5, 6, 8, 3), np.uint8)}, "images is a ndarray, not a table of"),
    "an unknown camera": (
        {"images": {"front": np.zeros((5, 6, 8, 3), np.uint8), "fromt": 0}},
        r"env 'toy' has no camera 'fromt'; did you mean 'front'\?",
    ),
    "no action": ({"action": None}, "action is missing"),
    "an empty episode": ({"action": np.zeros((0, 2))}, r"action is float64 \(0, 2\); wanted are numbers \(F, 2\)"),
    "one number too many": ({"action": np.zeros((5, 3))}, r"action is float64 \(5, 3\); wanted are numbers \(F, 2\)"),
    "a single action": ({"action": np.zeros(2)}, r"action is float64 \(2,\)"),
    "ragged actions": ({"action": [[0, 0], [0]]}, "action is no array"),
    "words": ({"action": [["left", "up"]] * 5}, r"action is <U4 \(5, 2\)"),
    "an action beyond the bounds": (
        {"action": np.eye(5, 2) * 1.5},
        r"action\[0, 0\] is 1\.5, outside of -1 to 1, the bounds of env 'toy'; give actions in the env's own units",
    ),
    "an action that is no number": ({"action": np.full((5, 2), np.nan)}, r"action\[0, 0\] is not finite"),
    "a state that is no number": (
        {"state": np.where(np.eye(5, 4, -2), np.inf, 0)},
        r"state\[2, 0\] is not finite",
    ),
    "a state beyond float32": ({"state": np.full((5, 4), 1e300)}, r"state\[0, 0\] is not finite"),
    "a state too few": ({"state": np.zeros((4, 4))}, r"state is float64 \(4, 4\); wanted are numbers \(5, 4\)"),
    "no state": ({"state": None}, "state is missing"),
    "truth values": ({"state": np.ones((5, 4), bool)}, "state is bool"),
    "a rate of success": ({"success": 0.5}, r"success is 0\.5; wanted is True or False"),
    "a negative seed": ({"seed": -1}, "seed is -1; wanted is a whole number"),
    "a key that nobody reads": ({"actoin": 0}, r"unknown key 'actoin'; did you mean 'action'\?"),
}


@pytest.mark.parametrize(("changes", "said"), BAD.values(), ids=BAD)
def test_an_episode_that_does_not_fit_is_named_in_one_sentence(tmp_path, changes, said):
    with pytest.raises(InputError, match=f"^episode 1: .*{said}") as refused:
        write(tmp_path / "mine", episode(), episode(**changes))
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "mine").exists()


def test_what_is_no_table_is_no_episode(tmp_path):
    with pytest.raises(InputError, match="episode 0: it is a tuple, not a table of images, state, action"):
        write(tmp_path / "mine", ([], []))


def test_what_the_env_does_not_show_is_refused_rather_than_left_out(tmp_path):
    with pytest.raises(InputError, match="episode 0: env 'toy' has no state; leave it out"):
        write(tmp_path / "mine", episode(), env=Toy(state=False))
    with pytest.raises(InputError, match="episode 0: env 'toy' has no camera 'front'"):
        write(tmp_path / "mine", episode(), env=Toy(cameras=()))


@pytest.mark.parametrize(
    ("plan", "said"),
    [(None, "some episodes have a plan and some have none"), (np.zeros((5, 3, 2)), r"wanted are numbers \(5, 4, 2\)")],
)
def test_plans_are_alike_in_all_episodes(tmp_path, plan, said):
    with pytest.raises(InputError, match=f"episode 1: .*{said}"):
        write(tmp_path / "mine", episode(plan=np.zeros((5, 4, 2))), episode(plan=plan))


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (np.zeros((5, 2)), r"plan is float64 \(5, 2\); wanted are numbers \(5, K, 2\)"),
        (np.zeros((5, 0, 2)), r"plan is float64 \(5, 0, 2\)"),
        (np.full((5, 3, 2), -2.0), r"plan\[0, 0, 0\] is -2\.0, outside of -1 to 1"),
        (np.full((5, 3, 2), np.nan), r"plan\[0, 0, 0\] is not finite"),
    ],
)
def test_a_plan_is_so_many_actions_at_every_frame(tmp_path, plan, said):
    with pytest.raises(InputError, match=f"episode 0: {said}"):
        write(tmp_path / "mine", episode(plan=plan))


def test_no_episodes_are_no_demonstrations(tmp_path):
    with pytest.raises(InputError, match="there are no episodes to write"):
        write(tmp_path / "mine")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fps", [0, -1.0, float("nan"), float("inf"), "20", None])
def test_frames_come_at_some_rate(tmp_path, fps):
    with pytest.raises(InputError, match="wanted are frames per second, a number above 0"):
        write(tmp_path / "mine", episode(), fps=fps)


@pytest.mark.parametrize(
    ("env", "error", "said"),
    [
        ({"use": "toys"}, SpecError, r"env\.use: no env called 'toys'; did you mean 'toy'\?"),
        ({"use": "toy", "radios": 1.0}, SpecError, r"env\.radios: unknown key; did you mean 'radius'\?"),
        ({}, SpecError, "env: missing `use"),
        ("toy", InputError, "env is 'toy'; wanted is its table in a spec, or the options"),
        (Toy, InputError, "wanted is its table in a spec, or the options"),
    ],
)
def test_an_env_that_is_none_is_refused_before_anything_is_made(tmp_path, toy_zoo, env, error, said):
    with pytest.raises(error, match=said):
        write(tmp_path / "mine", episode(), env=env)
    assert not (tmp_path / "mine").exists()


def test_a_folder_that_is_there_is_left_alone_and_no_episode_is_asked_for(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="mine exists and will not be overwritten; choose another, or delete it"):
        bczoo.write_demos(tmp_path / "mine", (pytest.fail("asked") for _ in range(1)), env=Toy(), fps=10)


@pytest.mark.parametrize("error", [OSError("cannot read take 30"), KeyboardInterrupt()], ids=["error", "Ctrl-C"])
def test_what_was_recorded_before_an_error_stays_but_never_looks_complete(tmp_path, error):
    def record():
        yield from map(episode, range(30))
        raise error

    with pytest.raises(type(error)) as raised:
        bczoo.write_demos(tmp_path / "mine", record(), env=Toy(), fps=10)
    assert raised.value is error  # as it was: what reads recordings may say more than we know
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["shard-00000.safetensors"]
    with pytest.raises(BczooError, match="mine is incomplete"):
        Demos.open(tmp_path / "mine")
