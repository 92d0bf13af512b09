"""Equal requests give equal bits, whatever happens on the way."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from toy_env import Mute, Toy, ask, expert

from bczoo.engine.collect import collect, default_folder
from bczoo.engine.seeds import episode_rng, episode_seed
from bczoo.errors import BczooError

HERE = Path(__file__).parent
bases = st.integers(0, 2**63)
indices = st.integers(0, 2**20)


def bits(folder):
    """Name and SHA-256 of every file that is not a leftover temporary."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.name[0] != "."}


def run(script, *arguments, **environment):
    """Start a script that may import the toy env, with `ask` at hand."""
    # A process started in the background inherits that SIGINT is ignored; a terminal's does not.
    heed = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
    script = f"{heed}\nfrom toy_env import ask\nfrom pathlib import Path\nimport sys\n{script}"
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(HERE), **environment},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


# ---- what is recorded


def test_labels_are_the_experts_clean_answer_to_the_recorded_state(demos):
    for state, action in zip(demos.state.numpy(), demos.action.numpy(), strict=True):
        np.testing.assert_array_equal(action, expert(state[:2], state[2:]))


def test_noise_moves_the_env_but_never_the_label(demos):
    moved = demos.state[1:, :2] - demos.state[:-1, :2]
    same_episode = (demos.state[1:, 2:] == demos.state[:-1, 2:]).all(1)
    off = (moved - 0.5 * demos.action[:-1])[same_episode]
    assert 0.05 < off.std() < 0.16  # 0.3 x 0.5, less what the action bounds cut off
    assert (moved[same_episode].abs() - 1e-6 <= 0.5 * 1).all()


def test_row_0_of_every_plan_is_the_label(demos):
    assert demos.plan.shape == (demos.frames, 4, 2)
    assert (demos.plan[:, 0] == demos.action).all()


def test_images_are_copies_even_if_the_env_draws_into_one_buffer(folder):
    shard = load_file(folder / "shard-00000.safetensors")
    first = shard["images.front"][: shard["episode_ends"][0], 1, 1, 0]
    assert first.tolist() == list(range(len(first)))


def test_an_env_without_state_and_a_request_without_plans_store_neither(tmp_path):
    collect(ask(env=Toy(state=False, cameras=("a", "b")), plan=0, demos=2), tmp_path / "x", workers=1)
    shard = load_file(tmp_path / "x" / "shard-00000.safetensors")
    assert set(shard) == {"images.a", "images.b", "action", "episode_ends", "seed", "success"}


def test_a_failure_is_repeated_from_the_next_seed_of_its_slot(tmp_path):
    # Six steps are too few for distant goals, so some starts fail.
    kept = collect(ask(env=Toy(max_steps=6), keep_failures=True, demos=20), tmp_path / "kept", workers=1)
    tried = collect(ask(env=Toy(max_steps=6), demos=20), tmp_path / "tried", workers=1)
    kept, tried = (load_file(f / "shard-00000.safetensors") for f in (kept, tried))
    failed = kept["success"] == 0
    assert 0 < failed.sum() < 20
    assert tried["success"].all()
    assert (kept["seed"] == [episode_seed(7, "demo", slot) for slot in range(20)]).all()
    assert (tried["seed"] != kept["seed"]).tolist() == failed.tolist()
    slot = int(np.flatnonzero(failed)[0])
    assert tried["seed"][slot] in [episode_seed(7, "demo", slot, attempt) for attempt in range(1, 100)]


def test_an_expert_that_never_succeeds_is_given_up(tmp_path):
    with pytest.raises(BczooError, match=r"'toy': the expert failed 100 times in a row .* lower data\.noise"):
        collect(ask(env=Toy(radius=0.0, max_steps=2), demos=3), tmp_path / "x", workers=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_env_without_expert_is_refused_with_what_to_do(tmp_path, workers):
    with pytest.raises(BczooError, match=r"'toy-mute' has no expert .* set data\.path"):
        collect(ask(env=Mute()), tmp_path / "x", workers=workers)


# ---- seeds


@given(bases, indices, indices, st.integers(0, 99), st.integers(0, 99))
def test_held_out_starts_are_never_training_starts(base, i, j, attempt, other):
    demo, held_out = episode_seed(base, "demo", i, attempt), episode_seed(base, "eval", j, other)
    assert demo != held_out
    assert 0 <= demo < 2**53 > held_out >= 0


@given(bases, indices)
def test_seeds_and_noise_depend_on_nothing_but_their_numbers(base, i):
    assert episode_seed(base, "demo", i) == episode_seed(base, "demo", i) != episode_seed(base, "demo", i, 1)
    assert episode_rng(base, "demo", i).random() == episode_rng(base, "demo", i).random()
    assert episode_rng(base, "demo", i).random() != episode_rng(base, "demo", i, 1).random()


# ---- the same bits, always


def test_two_processes_write_the_bits_of_one_and_report_every_demo(tmp_path, folder):
    seen = []
    collect(ask(), tmp_path / "two", workers=2, on_progress=lambda *progress: seen.append(progress))
    assert bits(tmp_path / "two") == bits(folder)
    assert seen == [(done, 55) for done in range(56)]


def test_collecting_processes_do_not_import_torch(tmp_path):
    script = "from bczoo.engine.collect import collect\ncollect(ask(), Path(sys.argv[1]), workers=2)"
    process = run(script, tmp_path / "x", TOY_NO_TORCH="1")
    assert process.communicate(timeout=60)[1] == ""
    assert (tmp_path / "x" / "meta.json").exists()


@pytest.mark.parametrize("piped", [False, True], ids=["file", "standard input"])
def test_a_script_without_a_guard_may_collect(tmp_path, piped):
    script = tmp_path / "script.py"
    script.write_text(f"""
from bczoo.engine.collect import collect
from pathlib import Path
from toy_env import ask
print("once")
collect(ask(), Path({str(tmp_path / "x")!r}), workers=2)
""")
    given = (
        {"args": [sys.executable, "-"], "input": script.read_text()} if piped else {"args": [sys.executable, script]}
    )
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    done = subprocess.run(**given, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\n", "")
    assert (tmp_path / "x" / "meta.json").exists()


@pytest.mark.parametrize("half", [False, True], ids=["before the rename", "in the middle of the file"])
def test_killed_while_writing_a_shard_and_resumed_gives_the_same_bits(tmp_path, folder, half):
    script = """
import os, signal
from bczoo.engine import record
whole = record.save_file
def save(arrays, path, metadata):
    whole(arrays, path, metadata)
    if "shard-00001" in path.name:
        os.truncate(path, path.stat().st_size // (1 + int(sys.argv[2])))
        os.kill(os.getpid(), signal.SIGKILL)
record.save_file = save
from bczoo.engine.collect import collect
collect(ask(), Path(sys.argv[1]), workers=1)
"""
    process = run(script, tmp_path / "x", int(half))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    left = sorted(path.name for path in (tmp_path / "x").iterdir())
    assert left[1:] == ["shard-00000.safetensors"]
    assert re.fullmatch(r"\.shard-00001\.safetensors\.\d+-\w+\.tmp", left[0])
    seen = []
    collect(ask(), tmp_path / "x", workers=1, on_progress=lambda *progress: seen.append(progress))
    assert seen[0] == (25, 55)
    assert bits(tmp_path / "x") == bits(folder)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_or_interrupted_processes_end_and_leave_what_can_be_resumed(tmp_path, folder, how):
    script = "from bczoo.engine.collect import collect\ncollect(ask(), Path(sys.argv[1]), workers=2)"
    process = run(script, tmp_path / "x", TOY_PAUSE="0.006")
    wait_for(lambda: (tmp_path / "x" / "shard-00000.safetensors").exists())
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does
        error = process.communicate(timeout=20)[1]
        assert error.count("KeyboardInterrupt") == 1, error
    else:
        process.kill()
        process.wait()
    wait_for(lambda: not group_alive(process.pid))
    assert not (tmp_path / "x" / "meta.json").exists()
    process.stderr.close()
    assert bits(collect(ask(), tmp_path / "x", workers=1)) == bits(folder)


def wait_for(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def group_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_two_collectors_in_one_folder_do_no_harm(tmp_path, folder):
    script = "from bczoo.engine.collect import collect\ncollect(ask(), Path(sys.argv[1]), workers=1)"
    both = [run(script, tmp_path / "x") for _ in range(2)]
    assert [process.communicate(timeout=60)[1] for process in both] == ["", ""]
    assert bits(tmp_path / "x") == bits(folder)


def test_a_process_that_dies_is_reported(tmp_path):
    # The reason (an exception that is no BczooError) is on the process's own stderr.
    script = """
import os
from bczoo.engine.collect import collect
from bczoo.errors import BczooError
os.environ["TOY_PAUSE"] = "none"
try:
    collect(ask(), Path(sys.argv[1]), workers=2)
except BczooError as error:
    print(error, file=sys.stderr)
"""
    error = run(script, tmp_path / "x").communicate(timeout=60)[1]
    assert "could not convert string to float" in error
    assert "a collecting process died with exit code 1" in error


def test_the_default_folder_is_readable_and_tells_requests_apart():
    assert re.fullmatch(r"demos/toy-55-noise0\.3-[0-9a-f]{8}", default_folder(ask()).as_posix())
    assert default_folder(ask()) == default_folder(attrs.evolve(ask()))
    folders = {default_folder(ask(**change)) for change in ({}, {"seed": 1}, {"plan": 5}, {"noise": 0})}
    assert len(folders) == 4


def test_meta_says_what_was_collected(folder):
    meta = json.loads((folder / "meta.json").read_text())
    assert list(meta["env"].items())[:2] == [("use", "toy"), ("cameras", ["front"])]
    assert (meta["demos"], meta["successes"], meta["state"], meta["fps"]) == (55, 55, 4, 10.0)
    assert meta["cameras"] == {"front": [6, 8, 3]}
    assert meta["action"] == {"size": 2, "low": [-1.0, -1.0], "high": [1.0, 1.0]}
    assert [shard["episodes"] for shard in meta["shards"]] == [25, 25, 5]


def test_push_collects_the_same_bits_in_two_processes(tmp_path):
    from bczoo.plugins.envs import Push

    request = ask(env=Push(height=16, width=16), demos=26, plan=0)
    one, two = (collect(request, tmp_path / str(n), workers=n) for n in (1, 2))
    assert bits(one) == bits(two)
