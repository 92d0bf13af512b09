"""Recordings for Rerun, read back with Rerun's own reader: everything, at every step, as it was."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from rerun.chunk import RrdReader
from specs import toy_spec
from test_checkpoint import ACTION, OBS
from test_policy import ready

import bczoo
from bczoo.engine.checkpoint import save_policy
from bczoo.engine.demos import Demos
from bczoo.engine.footage import demonstrated


def read(path):
    """{entity: {column: [one value a row]}} of what changes over time in the one recording of a file."""
    reader = RrdReader(path)
    assert len(reader.recordings()) == 1
    found = {}
    for chunk in reader.stream():
        if not chunk.is_static:
            columns = found.setdefault(chunk.entity_path, {})
            batch = chunk.to_record_batch()
            for name in set(batch.schema.names) - {"log_time"}:
                column = batch.column(name)
                nanoseconds = column.cast("int64") if name == "time" else column
                columns.setdefault(name, []).extend(nanoseconds.to_pylist())
    return found


def tensors(columns):
    """The values of a tensor's column as arrays."""
    values = [row[0] for row in columns["Tensor:data"]]
    return [np.array(value["buffer"], np.float32).reshape(value["shape"]) for value in values]


@pytest.fixture
def file(runs, tmp_path):
    """A policy of chunks of three, of which two are carried out."""
    spec = toy_spec(
        "demos", policy={"horizon": 3}, eval={"execute": 2}, env={"use": "toy", "max_steps": 5, "radius": 0.0}
    )
    path = tmp_path / "policy.safetensors"
    save_policy(path, ready(spec.policy, OBS, ACTION), spec)
    return path


def test_a_demonstration_is_there_as_it_was_recorded(folder, tmp_path):
    made = bczoo.replay(folder, episode=2, to=tmp_path / "x.rrd", show=False)
    shown = demonstrated(Demos.open(folder), 2)
    found = read(made.path)
    assert set(found) == {"/camera/front", "/state", "/action", "/plan", "/outcome"}
    for entity in ("/camera/front", "/state", "/action", "/plan"):
        assert found[entity]["step"] == list(range(shown.frames))
        # Ten steps of the toy env are a second.
        np.testing.assert_allclose(found[entity]["time"], np.arange(shown.frames) * 1e8)
    for step, blob in enumerate(found["/camera/front"]["EncodedImage:blob"]):
        image = np.asarray(Image.open(io.BytesIO(np.array(blob[0], np.uint8).tobytes())))
        np.testing.assert_array_equal(image, shown.look(step)["front"])
    np.testing.assert_array_equal(np.float32(found["/state"]["Scalars:scalars"]), shown.state)
    np.testing.assert_array_equal(np.float32(found["/action"]["Scalars:scalars"]), shown.action)
    np.testing.assert_array_equal(tensors(found["/plan"]), list(shown.chunks.values()))
    assert found["/outcome"]["TextLog:text"] == [["success"]]


def test_a_rollout_has_predictions_and_saliency_where_it_decides(file, tmp_path):
    made = bczoo.replay(file, overlay="saliency", to=tmp_path / "x.rrd", show=False)
    found = read(made.path)
    assert found["/camera/front"]["step"] == [0, 1, 2, 3, 4, 5]
    assert found["/action"]["step"] == [0, 1, 2, 3, 4]
    assert found["/prediction"]["step"] == found["/saliency/front"]["step"] == [0, 2, 4]
    actions = np.float32(found["/action"]["Scalars:scalars"])
    for step, chunk in zip((0, 2, 4), tensors(found["/prediction"]), strict=True):
        assert chunk.shape == (3, 2)
        np.testing.assert_array_equal(chunk[: len(actions[step : step + 2])], actions[step : step + 2])
    assert all(places.shape == (12, 12) for places in tensors(found["/saliency/front"]))
    assert found["/outcome"]["TextLog:text"] == [["failure"]]


def test_two_recordings_are_two(file, tmp_path):
    ids = set()
    for name in ("a", "b"):
        made = bczoo.replay(file, to=tmp_path / f"{name}.rrd", show=False)
        ids |= {entry.recording_id for entry in RrdReader(made.path).recordings()}
    assert len(ids) == 2


def test_any_name_of_a_camera_is_one_entity(runs, tmp_path):
    spec = toy_spec("demos", env={"use": "toy", "cameras": ["left/eye of it"], "max_steps": 2})
    path = tmp_path / "policy.safetensors"
    obs = OBS.__class__(steps=1, images={"left/eye of it": (6, 8, 3)}, state=4)
    save_policy(path, ready(spec.policy, obs, ACTION), spec)
    found = read(bczoo.replay(path, to="x.rrd", show=False).path)
    assert r"/camera/left\/eye\ of\ it" in found


def test_nothing_else_imports_rerun_and_where_it_is_switched_off_a_sentence_says_so(folder, tmp_path):
    program = f"""if True:
        import sys, bczoo
        bczoo.replay({str(folder)!r}, to='x.png', show=False)
        print('rerun' in sys.modules)
        bczoo.replay({str(folder)!r}, to='x.rrd', show=False)
    """
    environment = os.environ | {"RERUN": "off"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "False\n"
    assert "BczooError: Rerun is switched off by the environment variable RERUN" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
