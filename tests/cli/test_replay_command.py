"""bczoo replay as people type it."""

import pytest

SMALL = (
    *("data.demos=2", "data.keep_failures=true", "data.plan=3", "policy.horizon=3", "train.epochs=1"),
    *("eval.episodes=2", "eval.videos=0", "env.max_steps=20", "env.height=32", "env.width=40"),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with demonstrations of the push task, and a run that failed at all of its starts."""
    import bczoo

    place = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        bczoo.train("bc_cnn", run="first", overrides=SMALL, show=False)
    (demos,) = (place / "demos").iterdir()
    return demos, place / "runs" / "first"


def test_a_demonstration_is_written_where_one_stands(trained, call_cli, tmp_path):
    demos, _ = trained
    told = call_cli("replay", str(demos), "--episode", "1", "--quiet")
    assert told.returncode == 0, told.stderr
    first, second = told.stdout.splitlines()
    assert first.startswith("episode 1: ")
    assert second.startswith(f"file: {demos.name}-episode1.mp4 (")
    assert (tmp_path / f"{demos.name}-episode1.mp4").stat().st_size > 1000
    again = call_cli("replay", str(demos), "--episode", "1", "--quiet")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == (
        f"error: {demos.name}-episode1.mp4 exists and will not be overwritten; "
        f"choose another name, e.g. {demos.name}-episode1-2.mp4\n"
    )


def test_the_first_failure_is_acted_again_and_looked_into(trained, call_cli, tmp_path):
    _, run = trained
    told = call_cli("replay", str(run), "--failures", "--overlay", "saliency", "--to", "x.png", "--quiet")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"start 0: failure after 20 steps, as in {run / 'eval.json'}\nfile: x.png (")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--episode", "2"), "has episodes 0 to 1; there is no episode 2"),
        (("--episode", "-1"), "there is no episode -1"),
        (("--start", "0"), "choose the episode to be seen, not the start"),
        (("--to", "x.webm"), "x.webm: a replay is written as .mp4, .gif, .png or .rrd; e.g. x.mp4"),
        (("--to", "."), "a replay is written as"),
        (("--overlay", "attention"), "no overlay 'attention'; known: saliency"),
    ],
)
def test_wrong_input_is_one_line(trained, call_cli, tmp_path, args, said):
    told = call_cli("replay", str(trained[0]), *args)
    assert (told.returncode, told.stdout) == (2, "")
    assert said in told.stderr
    assert told.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_shipped_policy_is_replayed_by_its_name(call_cli, tmp_path):
    told = call_cli("replay", "zoo:bc_cnn", "--start", "1", "--quiet")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("start 1: success after ")
    assert (tmp_path / "bc_cnn-start1.mp4").is_file()
