"""What is not exported: the reason is one sentence, and no file is made or overwritten."""

import logging
import sys

import pytest
import torch
from test_export import NO_IMAGES, save

from bczoo.engine import export as exporting
from bczoo.engine.export import export
from bczoo.errors import BczooError, InputError


@pytest.fixture
def saved(tmp_path):
    return save(tmp_path / "policy.safetensors", NO_IMAGES)


def test_nothing_is_overwritten(saved, tmp_path):
    (tmp_path / "mine.onnx").write_text("mine")
    (tmp_path / "mine-2.onnx").write_text("mine, too")
    with pytest.raises(InputError, match=r"mine\.onnx exists and will not be overwritten.*e\.g\. mine-3\.onnx"):
        export(saved, tmp_path / "mine.onnx")
    assert (tmp_path / "mine.onnx").read_text() == "mine"


def test_a_file_that_somebody_made_meanwhile_is_not_overwritten(saved, tmp_path, monkeypatch):
    def slow(*args):
        (tmp_path / "new.onnx").write_text("theirs")
        return 0.0

    monkeypatch.setattr(exporting, "_difference", slow)
    with pytest.raises(InputError, match="will not be overwritten"):
        export(saved, tmp_path / "new.onnx")
    assert (tmp_path / "new.onnx").read_text() == "theirs"


@pytest.mark.parametrize(("name", "fix"), [("policy.onx", "policy.onnx"), ("policy", "policy.onnx")])
def test_another_suffix_is_refused(saved, name, fix):
    with pytest.raises(InputError, match=f"{name}: .*a name like {fix}"):
        export(saved, saved.parent / name)


@pytest.mark.parametrize("library", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_library_is_one_sentence_with_the_command(saved, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(BczooError, match=rf"^export needs a library.*{library}.*; pip install 'bczoo\[onnx\]'$"):
        export(saved, saved.parent / "new.onnx")


def test_weights_that_need_a_second_file_are_refused(saved, monkeypatch):
    monkeypatch.setattr(exporting, "_LARGEST", 1000)
    with pytest.raises(BczooError, match="GB of weights; one ONNX file holds"):
        export(saved, saved.parent / "new.onnx")


def test_a_folder_that_is_not_there_is_said_at_once(saved, monkeypatch):
    monkeypatch.setattr(exporting, "translated", lambda form: pytest.fail("too late"))
    with pytest.raises(BczooError, match=r"cannot write .*No such file or directory"):
        export(saved, saved.parent / "nowhere" / "new.onnx")


ODD_PARTS = """
import torch
from bczoo import component, field, hookimpl
from bczoo.engine.parts import Temporal, TemporalOutput
from bczoo.plugins.heads.mlp_net import Mlp
from bczoo.shapes import Context


@component("head", "odd", "bczoo_odd:OddNet")
class Odd:
    "A head that ONNX cannot take, or takes wrongly."
    how: str = field(default="", help="what is odd")
    hidden: tuple[int, ...] = field(default=(16,), help="widths")
    activation: str = field(default="relu", help="activation")
    dropout: float = field(default=0.0, help="dropout")


class OddNet(Mlp):
    def forward(self, x_BHD):
        how = self.options.how
        if how == "operation":
            x_BHD = x_BHD + torch.linalg.svdvals(x_BHD).sum()
        if how == "branch" and not x_BHD.is_meta and x_BHD.sum() > 0:
            x_BHD = 2 * x_BHD
        if how == "lie" and torch.compiler.is_compiling():
            x_BHD = x_BHD + 0.1
        return super().forward(x_BHD)

    def __init__(self, options, context, form):
        super().__init__(options, context, form)
        self.options = options


@component("temporal", "awake", "bczoo_odd:AwakeNet")
class Awake:
    "Begins with a memory of ones."


class AwakeNet(Temporal):
    recurrent = True

    def __init__(self, options, features, state, horizon, action):
        super().__init__(options, features, state, horizon, action)
        self.context = Context(horizon=horizon, width=state)
        self.scale = torch.nn.Parameter(torch.ones(state))

    def forward(self, x_BTND, state_BTS, demo_BHA=None, mask_BH=None):
        return TemporalOutput(x_BHD=(self.scale * state_BTS[:, -1]).unsqueeze(1))

    def start(self, batch):
        return (torch.ones(batch, 2),)

    def step(self, x_BND, state_BS, memory):
        return TemporalOutput(x_BHD=(self.scale * state_BS).unsqueeze(1)), memory


@hookimpl
def bczoo_components():
    return (Odd, Awake)
"""


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"head": {"use": "odd", "how": "operation"}}, r"^head 'odd' cannot be written as ONNX: .*svd"),
        ({"head": {"use": "odd", "how": "branch"}}, r"^head 'odd' cannot be written as ONNX: Data-dependent"),
        ({"head": {"use": "odd", "how": "lie"}}, "gives other actions than the policy, by .*% of their range"),
        ({"temporal": {"use": "awake"}}, "temporal 'awake' begins episodes with a memory that is not zero"),
    ],
)
def test_parts_that_cannot_be_exported_are_named_and_leave_no_file(install, tmp_path, table, said):
    install("bczoo_odd", ODD_PARTS)
    path = save(tmp_path / "policy.safetensors", NO_IMAGES | table)
    with pytest.raises(BczooError, match=said) as refused:
        export(path, tmp_path / "new.onnx")
    assert "\n" not in str(refused.value)
    assert not [file for file in tmp_path.iterdir() if "onnx" in file.name]
    # What was switched off meanwhile is on again.
    assert torch.backends.mha.get_fastpath_enabled()
    assert logging.root.manager.disable == logging.NOTSET


def test_a_camera_cannot_be_called_as_an_output_is(tmp_path):
    path = save(tmp_path / "policy.safetensors", {}, {"actions": (24, 24, 3)})
    with pytest.raises(BczooError, match="a camera is called 'actions'"):
        export(path, tmp_path / "new.onnx")
