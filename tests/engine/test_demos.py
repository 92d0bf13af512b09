"""Opening demonstrations: whatever is wrong with a folder is named before anything is read from it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from toy_env import Toy, ask, edit_meta

from bczoo.engine.collect import collect
from bczoo.engine.data_info import inspect
from bczoo.engine.demos import Demos
from bczoo.errors import BczooError

# ---- reading


@given(data=st.data())
def test_gathered_images_are_the_stored_ones_in_any_shape_and_order(demos, folder, data):
    stored = np.concatenate([load_file(path)["images.front"] for path in sorted(folder.glob("shard-*"))])
    shape = data.draw(st.sampled_from([(0,), (5,), (3, 2), (2, 2, 2), ()]))
    frames = torch.randint(demos.frames, shape, generator=torch.Generator().manual_seed(data.draw(st.integers(0, 9))))
    images = demos.gather_images("front", frames)
    assert images.dtype == torch.uint8
    assert images.shape == (*shape, 6, 8, 3)
    np.testing.assert_array_equal(images.numpy(), stored[frames.numpy()])


@pytest.mark.parametrize("frame", [-1, 10**6])
def test_a_frame_that_is_not_there_is_an_error(demos, frame):
    with pytest.raises(IndexError, match="frames must be in"):
        demos.gather_images("front", torch.tensor([0, frame]))


def test_an_unknown_camera_is_named_with_the_nearest(demos):
    with pytest.raises(BczooError, match=r"no camera 'frnt'; did you mean 'front'\?"):
        demos.gather_images("frnt", torch.tensor([0]))


def test_episodes_tile_the_frames_and_the_env_can_be_rebuilt(demos):
    assert demos.episode_starts[0] == 0
    assert demos.episode_ends[-1] == demos.frames == len(demos.state) == len(demos.action)
    assert (demos.episode_starts[1:] == demos.episode_ends[:-1]).all()
    assert len(demos.episode_ends) == demos.episodes == 55
    table = dict(demos.env)
    assert table.pop("use") == "toy"
    assert Toy(**table | {"cameras": tuple(table["cameras"])}) == Toy()


def test_opening_maps_the_images_instead_of_loading_them(tmp_path):
    def memory():
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

    folder = big_folder(tmp_path, 100_000_000)
    before = memory()
    demos = Demos.open(folder, verify=False)
    assert memory() - before < 20_000  # kB
    assert demos.cameras["front"][1] == 1000


def big_folder(folder, size):
    """One toy demonstration with its images swapped for huge ones."""
    collect(ask(demos=1, plan=0), folder / "big", workers=1)
    path = folder / "big" / "shard-00000.safetensors"
    arrays = load_file(path)
    frames = len(arrays["action"])
    height = size // (frames * 1000 * 3)
    arrays["images.front"] = np.zeros((frames, height, 1000, 3), np.uint8)
    save_file(arrays, path)

    def change(meta):
        meta["cameras"]["front"] = [height, 1000, 3]
        meta["shards"][0]["bytes"] = path.stat().st_size

    edit_meta(folder / "big", change)
    return folder / "big"


# ---- splitting and statistics


@given(st.floats(0.001, 0.999), st.integers(0, 2**32))
def test_a_split_divides_whole_episodes_and_repeats_itself(demos, share, seed):
    train, validation = demos.split(share, seed)
    assert sorted(torch.cat([train, validation]).tolist()) == list(range(55))
    assert len(train) >= 1
    assert len(validation) >= 1
    assert abs(len(validation) - share * 55) <= 1
    assert all(torch.equal(a, b) for a, b in zip(demos.split(share, seed), (train, validation), strict=True))


def test_no_validation_keeps_every_episode_for_training(demos):
    train, validation = demos.split(0, 3)
    assert train.tolist() == list(range(55))
    assert validation.tolist() == []


def test_the_seed_decides_the_split(demos):
    assert len({tuple(demos.split(0.2, seed)[1].tolist()) for seed in range(5)}) == 5


def test_statistics_are_of_the_given_episodes_only(demos):
    episodes = torch.tensor([3, 50])
    frames = [i for e in episodes for i in range(demos.episode_starts[e], demos.episode_ends[e])]
    for name, values in (("state", demos.state), ("action", demos.action)):
        wanted = values[frames].double().numpy()
        found = demos.statistics(episodes)[name]
        for statistic in ("mean", "std", "min", "max"):
            np.testing.assert_allclose(found[statistic], getattr(wanted, statistic)(0), rtol=1e-6)


def test_statistics_of_nothing_are_refused(demos):
    with pytest.raises(BczooError, match="no episodes"):
        demos.statistics(torch.tensor([], dtype=torch.int64))


# ---- describing


def test_a_folder_describes_itself(folder):
    rows = dict(line.split("  ", 1) for line in inspect(folder)[0].splitlines() if line[0] != " ")
    rows = {name.strip(): value.strip() for name, value in rows.items()}
    assert rows["env"] == "toy"
    assert rows["demonstrations"] == "55"
    assert rows["successes"] == "55 (100 %)"
    assert rows["camera front"] == "6x8x3"
    assert rows["action"] == "2 numbers, each in [-1, 1]"
    assert rows["plan"] == "4 actions a frame"
    assert rows["files"] == "checksums match"
