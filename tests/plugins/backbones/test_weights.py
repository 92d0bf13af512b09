"""Pretrained weights: where they come from, what is said when they cannot be had, and what is recorded."""

import io
import time
import urllib.request

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from torchvision.models import resnet18
from zoo_parts import PUSH, TWO, XYZ, on_meta, spec_of

from bczoo.card import build
from bczoo.engine.assembly import assemble
from bczoo.errors import BczooError
from bczoo.plugins.backbones import Resnet18, Timm, VitB16, sources_net, vit_net
from bczoo.plugins.backbones.weights_net import obtain

FILE = "resnet18-f37072fd.pth"
TINY = "test_vit.r160_in1k"


def tensors(module):
    return {name: value.detach().contiguous() for name, value in module.state_dict().items()}


@pytest.fixture(scope="module")
def published():
    """What torchvision would have published: the weights of a whole resnet18, classifier and all."""
    torch.manual_seed(5)
    return tensors(resnet18())


@pytest.fixture
def hub(caches, published):
    """Torch's cache with that file in it, as old as the real one: without counters of batches."""
    folder = caches / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save({name: value for name, value in published.items() if "num_batches" not in name}, folder / FILE)
    return folder / FILE


@pytest.fixture
def hugging_face(caches):
    """Hugging Face's cache with the weights of a tiny transformer, and the model they belong to."""
    torch.manual_seed(5)
    model = timm.create_model(TINY)
    snapshot = caches / "hf" / f"models--timm--{TINY}" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    save_file(tensors(model), snapshot / "model.safetensors")
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    return model


def holds(backbone, weights):
    """Whether every encoder has exactly these weights, those of the classifier aside."""
    for encoder in backbone.encoders:
        own = encoder.net.state_dict()
        if not all(torch.equal(own[name], weights[name]) for name in own if "num_batches" not in name):
            return False
    return True


def test_building_and_probing_ask_for_no_weights(caches):
    assemble(spec_of(Resnet18(weights="imagenet")), PUSH, XYZ)
    assemble(spec_of(Timm(model=TINY, weights="imagenet")), PUSH, XYZ)
    assert list(caches.iterdir()) == []


@pytest.mark.parametrize("weights", ["auto", "imagenet"])
@pytest.mark.parametrize("cameras", ["shared", "separate"])
def test_cached_weights_are_taken(weights, cameras, hub, published):
    options = Resnet18(weights=weights, cameras=cameras)
    backbone = build(options, TWO)
    assert not holds(backbone, published)
    used = backbone.load_pretrained(options)
    assert holds(backbone, published)
    assert used == Resnet18(weights="imagenet", cameras=cameras)
    assert backbone.used_weights == f"imagenet:{FILE}"


@pytest.mark.parametrize("norm", ["group", "frozen"])
def test_other_norms_take_what_fits_them(norm, hub, published):
    options = Resnet18(norm=norm, weights="imagenet")
    backbone = build(options, PUSH)
    backbone.load_pretrained(options)
    assert holds(backbone, published)


def test_timm_takes_its_own_weights_for_any_image_size(hugging_face):
    options = Timm(model=TINY, weights="imagenet")
    backbone = build(options, PUSH)
    assert backbone.load_pretrained(options) == options
    assert holds(backbone, hugging_face.state_dict())
    assert backbone.used_weights == f"imagenet:timm/{TINY}/model.safetensors"
    options = Timm(model=TINY, weights="auto", image_size=96)
    backbone = build(options, PUSH)
    assert backbone.load_pretrained(options).weights == "imagenet"
    own = backbone.encoders[0].net.state_dict()
    assert own["pos_embed"].shape == (1, 37, 64)
    assert torch.equal(own["blocks.0.attn.qkv.weight"], hugging_face.state_dict()["blocks.0.attn.qkv.weight"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            Resnet18(weights="imagenet"),
            rf"backbone 'resnet18', weights = \"imagenet\": {FILE} is not in \S+torch/hub/checkpoints and cannot be "
            rf"downloaded \(.*no network.*\); download https://download\S+{FILE} on another machine and put it into",
        ),
        (
            Timm(model=TINY, weights="imagenet"),
            rf"timm/{TINY}/model.safetensors is not in \S+hf and cannot be downloaded .*`hf download timm/{TINY} ",
        ),
        (Timm(model=TINY, weights="nowhere.safetensors"), r"^nowhere\.safetensors: no such weights file"),
    ],
    ids=str,
)
def test_what_cannot_be_had_is_explained(options, says, caches):
    with pytest.raises(BczooError, match=says):
        build(options, PUSH).load_pretrained(options)


def test_a_model_without_published_weights_starts_from_scratch_or_not_at_all(caches, caplog):
    with pytest.raises(BczooError, match="nobody has published weights for this model"):
        obtain("imagenet", None, "timm")
    assert obtain("auto", None, "timm") is None
    assert "nobody has published weights for this model" in caplog.text


def test_auto_starts_from_scratch_and_says_so_loudly(caches, caplog):
    options = Resnet18()
    backbone = build(options, PUSH)
    before = tensors(backbone)
    assert backbone.load_pretrained(options) == Resnet18(weights="none")
    assert backbone.used_weights == "none"
    assert all(torch.equal(value, before[name]) for name, value in tensors(backbone).items())
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("bczoo", "WARNING")
    lines = record.message.strip().splitlines()
    assert len(lines) == 5
    assert lines[0] == lines[-1] == "!" * 100
    assert "NO PRETRAINED WEIGHTS: backbone 'resnet18' starts from scratch" in lines[1]
    assert FILE in lines[2]


def test_nobody_waits_for_a_network_that_does_not_answer(caches, monkeypatch, caplog):
    monkeypatch.setattr(sources_net, "SECONDS", 0.2)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: time.sleep(30))
    options = Resnet18()
    start = time.monotonic()
    assert build(options, PUSH).load_pretrained(options).weights == "none"
    assert time.monotonic() - start < 5
    assert "no answer within 0.2 s" in caplog.text


def test_a_download_is_checked_and_then_cached(caches, monkeypatch):
    content = b"not what was published"
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(content))
    wrong = sources_net.HubFile("https://nowhere.invalid/net-12345678.pth")
    with pytest.raises(ValueError, match="does not have the checksum in its name"):
        wrong.download()
    assert wrong.find() is None
    right = sources_net.HubFile("https://nowhere.invalid/net-f5a6f8.pth")
    assert right.download() == right.find()
    assert right.find().read_bytes() == content
    assert [path.name for path in right.folder.iterdir()] == [right.name]


def test_a_download_that_breaks_off_leaves_nothing(caches, monkeypatch):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise ConnectionResetError("reset by peer")

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: Broken())
    options = Resnet18(weights="imagenet")
    with pytest.raises(BczooError, match=r"cannot be downloaded \(the download broke off: reset by peer\)"):
        build(options, PUSH).load_pretrained(options)
    assert list((caches / "torch" / "hub" / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("model", ["resnet18", "timm"])
def test_a_file_of_ones_own_is_taken_and_recorded_by_its_checksum(model, caches, published):
    torch.manual_seed(6)
    given = published if model == "resnet18" else tensors(timm.create_model(TINY))
    path = caches / "own.safetensors"
    save_file(given, path)
    kind = Resnet18(weights=str(path)) if model == "resnet18" else Timm(model=TINY, weights=str(path))
    backbone = build(kind, PUSH)
    assert backbone.load_pretrained(kind) == kind
    assert holds(backbone, given)
    assert backbone.used_weights.startswith(f"{path} sha256:")
    assert len(backbone.used_weights.rpartition(":")[2]) == 64


def test_a_file_of_ones_own_fits_another_image_size(caches):
    path = caches / "own.safetensors"
    save_file(tensors(timm.create_model(TINY)), path)
    options = Timm(model=TINY, weights=str(path), image_size=96)
    backbone = build(options, PUSH)
    backbone.load_pretrained(options)
    net = backbone.encoders[0].net
    assert net.pos_embed.shape == (1, 37, 64)
    assert torch.equal(net.blocks[0].attn.qkv.weight, load_file(path)["blocks.0.attn.qkv.weight"])


def drop(name):
    return lambda state: {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (drop("conv1.weight"), r"conv1\.weight is missing in the file, \(64, 3, 7, 7\) in the backbone"),
        (lambda s: s | {"bn1.bias": torch.zeros(3)}, r"bn1\.bias is \(3,\) in the file, \(64,\) in the backbone"),
        (lambda s: s | {"layer5.weight": torch.zeros(1)}, r"layer5\.weight is \(1,\) in the file, unknown in"),
    ],
)
def test_weights_of_something_else_are_refused(change, says, caches, published):
    path = caches / "other.safetensors"
    save_file(change(published), path)
    options = Resnet18(weights=str(path))
    with pytest.raises(BczooError, match=rf"other\.safetensors: these are not weights of this backbone: {says}"):
        build(options, PUSH).load_pretrained(options)
    options = Timm(model="test_resnet", weights=str(path))
    with pytest.raises(BczooError, match=r"other\.safetensors: these are not weights of this backbone: "):
        build(options, PUSH).load_pretrained(options)


def test_a_damaged_file_is_named(caches, hub, hugging_face):
    path = caches / "broken.safetensors"
    path.write_bytes(b"\x08" * 100)
    hub.write_bytes(hub.read_bytes()[:5000])
    (cached,) = (caches / "hf").rglob("model.safetensors")
    cached.write_bytes(b"")
    for options, says in (
        (Resnet18(weights=str(path)), r"broken\.safetensors: not a weights file, or a damaged one"),
        (Timm(model=TINY, weights=str(path)), r"broken\.safetensors: not a weights file, or a damaged one"),
        (Resnet18(weights="auto"), rf"{FILE}: not a weights file, or a damaged one"),
        (Timm(model=TINY, weights="auto"), r"model\.safetensors: .*damaged"),
    ):
        with pytest.raises(BczooError, match=says) as caught:
            build(options, PUSH).load_pretrained(options)
        assert "\n" not in str(caught.value)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code from a file was run",))


def test_no_code_is_run_from_a_file(hub):
    torch.save({"conv1.weight": Bomb()}, hub)
    options = Resnet18(weights="imagenet")
    with pytest.raises(BczooError, match="not a weights file"):
        build(options, PUSH).load_pretrained(options)
    torch.save([1, 2], hub)
    with pytest.raises(BczooError, match="holds more than named tensors"):
        build(options, PUSH).load_pretrained(options)


def test_vit_weights_are_renamed_and_their_positions_interpolated(monkeypatch, tmp_path):
    def name(key):  # as in the file that torchvision published
        return key.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2.")

    native = on_meta(VitB16(image_size=224)).encoders[0].net.state_dict()
    state = {name(key): torch.zeros(1).expand(value.shape) for key, value in native.items()}
    state |= {"heads.head.weight": torch.zeros(1000, 768), "heads.head.bias": torch.zeros(1000)}
    places = torch.linspace(0, 1, 14)
    grid = (places[:, None] + 10 * places).flatten()
    state["encoder.pos_embedding"] = torch.cat([torch.tensor([-1.0]), grid])[None, :, None].expand(1, 197, 768)
    monkeypatch.setattr(vit_net, "read_state", lambda path: dict(state))
    encoder = on_meta(VitB16()).encoders[0]
    given = encoder.read(tmp_path, imagenet=True)
    assert given.keys() == encoder.net.state_dict().keys()
    positions = given["encoder.pos_embedding"][0, :, 0]
    assert positions[[0, 1, 6, 31, 36]].tolist() == pytest.approx([-1, 0, 10, 1, 11], abs=1e-4)
    state["encoder.pos_embedding"] = torch.zeros(1, 199, 768)
    with pytest.raises(BczooError, match=r"encoder\.pos_embedding is not that of a square image"):
        encoder.read(tmp_path, imagenet=False)
