"""What is not replayed: the reason is one sentence, and nothing is made or overwritten."""

import shutil
import sys

import pytest
from specs import toy_spec
from test_checkpoint import ACTION, OBS
from test_policy import ready

import bczoo
from bczoo.engine.checkpoint import save_policy
from bczoo.errors import BczooError, InputError
from bczoo.registry import zoo


@pytest.fixture
def run(runs):
    """A run's folder that holds nothing but a policy."""
    spec = toy_spec("demos")
    (runs / "r").mkdir(parents=True)
    save_policy(runs / "r" / "policy.safetensors", ready(spec.policy, OBS, ACTION), spec)
    return runs / "r"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"episode": 55}, "has episodes 0 to 54; there is no episode 55"),
        ({"episode": -1}, "has episodes 0 to 54; there is no episode -1"),
        ({"start": 0}, "is demonstrations: choose the episode to be seen, not the start"),
        ({"episode": 1, "failures": True}, "choose the episode, or the first that failed, not both"),
        ({"failures": True}, r"no episode failed, of the 55 in .*; choose one by its number"),
        ({"shift": "action_delay"}, "action_delay is of a policy's rollout, and .* is demonstrations"),
        ({"shift": ""}, " is of a policy's rollout"),
        ({"overlay": "saliency"}, "saliency is of a policy's rollout, and .* is demonstrations"),
        ({"overlay": "salience"}, "no overlay 'salience'; did you mean 'saliency'?"),
        ({"to": "x.avi"}, r"x\.avi: a replay is written as \.mp4, \.gif, \.png or \.rrd; e\.g\. x\.mp4"),
        ({"to": "film"}, r"film: .*e\.g\. film\.mp4"),
    ],
)
def test_what_demonstrations_cannot_show_is_refused(folder, runs, asked, said):
    with pytest.raises(InputError, match=said):
        bczoo.replay(folder, show=False, **asked)
    assert not [path for path in runs.parent.iterdir() if path.suffix == ".mp4"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"episode": 0}, "is a policy: choose the start to be seen, not the episode"),
        ({"start": -1}, "has starts 0 to 99999; there is no start -1"),
        ({"start": 100_000}, "there is no start 100000"),
        ({"failures": True}, r"there are no starts in .*eval\.json, so that none is known to have failed"),
        ({"failures": True, "shift": "action_delay"}, r"there are no starts under action_delay in .*eval\.json"),
        ({"shift": "fog"}, "env 'toy' has no shift 'fog'; known: action_delay"),
        ({"shift": "action_delay=0"}, r"shift 'action_delay=0': write NAME or NAME=STRENGTH"),
        ({"shift": ""}, "shift '': write NAME or NAME=STRENGTH"),
        ({"device": "gpu"}, "no device 'gpu'"),
    ],
)
def test_what_a_run_cannot_show_is_refused(run, asked, said):
    with pytest.raises(InputError, match=said):
        bczoo.replay(run, show=False, **asked)


def test_a_start_that_was_not_judged_is_refused(run):
    row = '{"index": 0, "seed": 1, "success": true, "steps": 3}'
    (run / "eval.json").write_text(f'{{"table": [{row}]}}')
    with pytest.raises(InputError, match="has starts 0 to 0; there is no start 1"):
        bczoo.replay(run, start=1, show=False)
    with pytest.raises(InputError, match=r"no start failed, of the 1 in .*eval\.json; choose one by its number"):
        bczoo.replay(run, failures=True, show=False)
    assert "tells of other starts" in bczoo.replay(run, to="x.png", show=False).differs


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"table": 3}', '{"table": [3]}', '{"table": [{"index": 1}]}'])
def test_a_damaged_evaluation_is_named(run, text):
    (run / "eval.json").write_text(text)
    with pytest.raises(BczooError, match=r"eval\.json is damaged \(.*\); move it away to go on without it"):
        bczoo.replay(run, show=False)


@pytest.mark.parametrize("to", ["x.mp4", None])
def test_nothing_is_overwritten(run, folder, to, tmp_path):
    for name in ("x.mp4", "r-start0.mp4", f"{folder.name}-episode0.mp4"):
        (tmp_path / name).write_text("mine")
    for source in (run, folder):
        with pytest.raises(
            InputError, match=r"exists and will not be overwritten; choose another name, e\.g\. .*-2\.mp4"
        ):
            bczoo.replay(source, to=to, show=False)
    assert (tmp_path / "x.mp4").read_text() == "mine"


def test_of_a_file_that_was_not_judged_no_failure_is_known(run):
    (run / "policy.safetensors").rename(run / "last.safetensors")
    with pytest.raises(InputError, match="no evaluation tells how this policy did; choose a start by its number"):
        bczoo.replay(run / "last.safetensors", failures=True, show=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", r"eval\.json is damaged \('settings'\)"),
        ('{"policy": "x", "settings": {"episodes": "many"}}', r"eval\.json is damaged \(.*a whole number"),
        ('{"policy": "gone", "settings": {}}', "is an evaluation of gone, and there is no such file; call this from"),
        ('{"policy": "zoo:no", "settings": {}}', "no policy called 'no' comes with bczoo"),
    ],
)
def test_an_evaluation_that_does_not_tell_its_policy_is_refused(runs, tmp_path, text, said):
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "eval.json").write_text(text)
    with pytest.raises(BczooError, match=said):
        bczoo.replay("e", show=False)


def test_folders_that_are_neither_are_refused(runs, tmp_path):
    with pytest.raises(InputError, match="there is no nowhere; give a folder of demonstrations, or a run"):
        bczoo.replay("nowhere")
    with pytest.raises(InputError, match=r"holds neither demonstrations \(meta.json\), nor a trained policy"):
        bczoo.replay(tmp_path)
    (tmp_path / "spec.toml").write_text("")
    with pytest.raises(InputError, match=r"is a run without a policy\.safetensors so far"):
        bczoo.replay(tmp_path)
    (tmp_path / "junk").write_text("junk")
    with pytest.raises(BczooError, match="junk: not a policy file"):
        bczoo.replay("junk")


def test_damaged_demonstrations_are_named(copy):
    shard = copy / "shard-00000.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(BczooError, match=r"shard-00000\.safetensors has .* bytes instead of"):
        bczoo.replay(copy)
    (copy / "meta.json").unlink()
    with pytest.raises(BczooError, match="is incomplete: collection was interrupted"):
        bczoo.replay(copy)


def test_a_policy_whose_env_is_missing_says_what_to_install(run):
    zoo.cache_clear()  # the toys are gone
    with pytest.raises(BczooError, match=r"needs env 'toy' of toys 1\.0, which is not installed"):
        bczoo.replay(run, show=False)


def test_a_folder_that_cannot_be_written_is_said_and_leaves_nothing(run, tmp_path):
    with pytest.raises(BczooError, match=r"cannot write .*No such file or directory"):
        bczoo.replay(run, to=tmp_path / "no" / "x.mp4", show=False)


def test_without_rerun_a_sentence_says_what_to_install(folder, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(BczooError, match=r"^an \.rrd file needs a library.*rerun.*; pip install 'bczoo\[rerun\]'$"):
        bczoo.replay(folder, to=tmp_path / "x.rrd", show=False)
    assert not (tmp_path / "x.rrd").exists()


def test_a_file_that_somebody_made_meanwhile_is_not_overwritten(folder, monkeypatch, tmp_path):
    def slow(path, footage, told):
        path.write_text("ours")
        (tmp_path / "x.mp4").write_text("theirs")

    monkeypatch.setitem(bczoo.engine.picture_files.WRITERS, ".mp4", slow)
    with pytest.raises(InputError, match="will not be overwritten"):
        bczoo.replay(folder, to=tmp_path / "x.mp4", show=False)
    assert [path.read_text() for path in tmp_path.glob("*x.mp4*")] == ["theirs"]


def test_a_state_alone_has_nothing_to_look_at(runs, tmp_path):
    spec = toy_spec("demos", policy={"backbone": {"use": "none"}})
    path = tmp_path / "p.safetensors"
    save_policy(path, ready(spec.policy, OBS.__class__(steps=1, images={}, state=4), ACTION), spec)
    with pytest.raises(InputError, match="this policy looks at no camera"):
        bczoo.replay(path, overlay="saliency", show=False)
    shutil.rmtree(runs, ignore_errors=True)
    assert bczoo.replay(path, to="x.png", show=False).path.exists()
