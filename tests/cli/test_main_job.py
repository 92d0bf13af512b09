"""The main job from the command line, small: collect, look, train, judge; and what can go wrong on the way."""

import json
import sys

import pytest

SMALL = (
    *("--set", "data.demos=6", "--set", "data.plan=2", "--set", "train.epochs=1", "--set", "train.batch_size=64"),
    *("--set", "eval.episodes=3", "--set", "eval.videos=2", "--set", "env.max_steps=30"),
)
HIDE_GL = """
import sys
class NoGL:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("OpenGL", "glfw") or name in ("mujoco.egl", "mujoco.osmesa", "mujoco.glfw"):
            raise ImportError(f"{name} is hidden")
sys.meta_path.insert(0, NoGL())
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder in which the main job has run once, every GL library hidden."""
    import os
    import subprocess

    place = tmp_path_factory.mktemp("job")
    (place / "hide").mkdir()
    (place / "hide" / "sitecustomize.py").write_text(HIDE_GL)
    environment = os.environ | {"PYTHONPATH": str(place / "hide")}
    command = [sys.executable, "-m", "bczoo", "train", "--spec", "bc_cnn.toml", "--run", "first", *SMALL]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return place, done


def test_it_runs_without_any_gl_library_and_says_what_it_does(trained):
    _, done = trained
    assert "collecting 6 demonstrations of 'push' into demos/push-6-noise0.3-" in done.stderr
    assert "epoch   1" in done.stderr
    assert "of 3 held-out starts (95 % interval" in done.stdout


def test_it_leaves_what_the_readme_promises(trained):
    place, _ = trained
    names = {path.name for path in (place / "runs" / "first").iterdir()}
    promised = "spec.toml policy.safetensors last.safetensors metrics.jsonl curves.png eval.json rollouts.mp4"
    assert names == {*promised.split(), "versions.json"}
    report = json.loads((place / "runs" / "first" / "eval.json").read_text())
    assert report["episodes"] == 3
    assert 0.0 <= report["success_rate"] <= 1.0


def test_data_info_describes_the_demonstrations_and_finds_damage(trained, call_cli):
    place, _ = trained
    (folder,) = (place / "demos").iterdir()
    told = call_cli("data", "info", str(folder))
    assert told.returncode == 0
    assert "push" in told.stdout
    assert "checksums match" in told.stdout
    shard = folder / "shard-00000.safetensors"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-7])
    try:
        broken = call_cli("data", "info", str(folder))
    finally:
        shard.write_bytes(whole)
    assert broken.returncode == 1
    assert "shard-00000.safetensors has" in broken.stderr


def test_eval_judges_a_policy_file_the_same_way_again(trained, call_cli, tmp_path):
    place, _ = trained
    policy = place / "runs" / "first" / "policy.safetensors"
    told = call_cli("eval", str(policy), "--videos", "0", "--out", str(tmp_path / "again"), "--quiet")
    assert told.returncode == 0
    first = json.loads((place / "runs" / "first" / "eval.json").read_text())
    again = json.loads((tmp_path / "again" / "eval.json").read_text())
    assert [(row["seed"], row["success"], row["steps"]) for row in again["table"]] == [
        (row["seed"], row["success"], row["steps"]) for row in first["table"]
    ]


def test_eval_never_overwrites(trained, call_cli, tmp_path):
    place, _ = trained
    (tmp_path / "mine").mkdir()
    policy = str(place / "runs" / "first" / "policy.safetensors")
    told = call_cli("eval", policy, "--episodes", "1", "--out", str(tmp_path / "mine"))
    assert told.returncode == 2
    assert told.stderr.endswith("mine exists and will not be overwritten; choose another, or delete it\n")


def test_execute_beyond_the_horizon_is_refused(trained, call_cli, tmp_path):
    place, _ = trained
    policy = str(place / "runs" / "first" / "policy.safetensors")
    told = call_cli("eval", policy, "--execute", "2", "--out", str(tmp_path / "x"))
    assert (told.returncode, told.stdout) == (2, "")
    assert "this policy predicts 1 actions at once" in told.stderr
    assert not (tmp_path / "x").exists()


def test_averaging_chunks_of_a_policy_without_them_is_refused(trained, call_cli, tmp_path):
    place, _ = trained
    policy = str(place / "runs" / "first" / "policy.safetensors")
    told = call_cli("eval", policy, "--ensemble", "0.01", "--out", str(tmp_path / "x"))
    assert told.returncode == 2
    assert "averages chunks, but horizon = 1" in told.stderr
    told = call_cli("eval", policy, "--no-ensemble", "--episodes", "1", "--videos", "0", "--out", "off", "--quiet")
    assert told.returncode == 0


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--device", "gpu", "no device 'gpu'; give auto, cpu, mps, cuda or cuda:N"),
        ("--device", "cuda:99", "device 'cuda:99' is not on this machine; use auto or cpu (see bczoo doctor)"),
        ("--videos", "200", "eval.videos: must be <= 100: 200"),
        ("--episodes", "1000000", "eval.episodes: must be <= 100000: 1000000"),
        ("--seed", str(2**64), "eval.seed: expected a whole number of at most 64 bits, got one of 65 bits"),
    ],
)
def test_an_option_of_eval_that_cannot_be_is_one_line(trained, call_cli, tmp_path, option, value, said):
    place, _ = trained
    policy = str(place / "runs" / "first" / "policy.safetensors")
    told = call_cli("eval", policy, option, value, "--out", str(tmp_path / "x"))
    assert told.returncode == (1 if "not on this machine" in said else 2)
    assert (told.stdout, told.stderr) == ("", f"error: {said}\n")
    assert not (tmp_path / "x").exists()


def test_a_second_run_of_the_same_name_is_refused_before_anything_is_done(trained, run_cli):
    place, _ = trained
    told = run_cli("train", "--spec", "bc_cnn", "--run", "first", cwd=place)
    assert told.returncode == 2
    assert told.stderr.splitlines() == [
        "error: runs/first exists and will not be overwritten; choose another name with --run, or delete it"
    ]


def test_collect_goes_on_where_it_was_and_says_what_there_is(trained, run_cli):
    place, _ = trained
    told = run_cli("collect", "--spec", "bc_cnn", *SMALL, cwd=place)
    assert told.returncode == 0
    assert "6" in told.stdout
    assert len(list((place / "demos").iterdir())) == 1  # the very folder that training had collected


def test_collect_names_a_file_that_was_altered_and_does_not_succeed(trained, run_cli):
    place, _ = trained
    shard = next((place / "demos").iterdir()) / "shard-00000.safetensors"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        told = run_cli("collect", "--spec", "bc_cnn", *SMALL, cwd=place)
    finally:
        shard.write_bytes(whole)
    assert told.returncode == 1
    assert "1 damaged" in told.stdout
    assert f"error: {shard.relative_to(place)} was altered after it was collected" in told.stderr


@pytest.mark.parametrize("pair", [("--shift", "friction", "--no-shift"), ("--ensemble", "0.1", "--no-ensemble")])
def test_options_of_eval_that_contradict_each_other_are_refused(call_cli, pair):
    told = call_cli("eval", "zoo:bc_cnn", *pair)
    assert told.returncode == 2
    assert "leave" in told.stderr
    assert "no-" in told.stderr


@pytest.mark.parametrize("content", [b"", b"not a policy", b"\x10\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_file_that_is_no_policy_is_refused(call_cli, tmp_path, content):
    path = tmp_path / "junk.safetensors"
    path.write_bytes(content)
    told = call_cli("eval", str(path))
    assert told.returncode == 1
    assert told.stderr.startswith(f"error: {path}: not a policy file")
    assert not (tmp_path / "evals").exists()
