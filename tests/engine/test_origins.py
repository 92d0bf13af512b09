"""Parts that are gone: one sentence says what to install, and what only trained a policy is not missed."""

import json
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from specs import toy_spec
from test_checkpoint import ACTION, OBS, observation, rewrite
from test_policy import ready

from bczoo.card import component, field
from bczoo.cli import main
from bczoo.engine.checkpoint import load_policy, load_with_spec, read_header, save_policy
from bczoo.engine.experiment import resume, train
from bczoo.engine.origins import needs, origins
from bczoo.errors import BczooError, InputError
from bczoo.hooks import hookimpl
from bczoo.registry import Broken, zoo
from bczoo.spec import Train


@component("backbone", "far", "bczoo.plugins.backbones.cnn_net:Cnn")
class Far:
    """The CNN, brought by somebody else."""

    pool: str = field(default="avg", help="as for cnn")
    cameras: str = field(default="shared", help="as for cnn")


@component("callback", "watch", "test_origins:Watching")
class Watch:
    """Looks on."""

    teacher: Any = field(part="backbone", use="far", factory=Far, help="a part inside a part")


class Watching:
    def __init__(self, options):
        pass

    @hookimpl
    def bczoo_fit_end(self):
        pass


@component("optimizer", "far_adam", "test_origins:none")
class FarAdam:
    """An optimiser."""


@component("schedule", "far_cosine", "test_origins:none")
class FarCosine:
    """A schedule."""


@component("loss", "far_loss", "test_origins:none")
class FarLoss:
    """A loss."""


@component("augmentation", "far_shift", "test_origins:none")
class FarShift:
    """An augmentation."""


FAR = SimpleNamespace(bczoo_components=hookimpl(lambda: (Far, Watch, FarAdam, FarCosine, FarLoss, FarShift)))
TRAINING = {
    "data": {"augment": [{"use": "shift", "pixels": 1}, {"use": "far_shift"}]},
    "loss": {"use": "far_loss"},
    "train": {"optimizer": {"use": "far_adam"}, "schedule": {"use": "far_cosine"}},
    "callbacks": [{"use": "early_stop"}, {"use": "watch"}],
}


@pytest.fixture
def far(toy_zoo):
    """bczoo-far 1.2 is installed; call it to uninstall that."""
    toy_zoo.add(FAR, "bczoo_far", "bczoo-far", "1.2")

    def uninstall():
        for key in [key for key, card in toy_zoo.cards.items() if card.dist == "bczoo-far"]:
            del toy_zoo.cards[key]

    return uninstall


@pytest.fixture
def save(tmp_path, far):
    def save(**tables):
        spec = toy_spec("demos", **tables)
        path = tmp_path / "policy.safetensors"
        save_policy(path, ready(spec.policy, OBS, ACTION), spec)
        return path, spec

    return save


def test_the_origin_of_every_part_is_known_also_of_those_inside_others(far):
    spec = toy_spec("demos", **{**TRAINING, "callbacks": [{"use": "watch", "teacher": {"use": "cnn"}}]})
    found = origins(spec)
    assert {part for part, origin in found.items() if origin == "bczoo-far 1.2"} == {
        "augmentation far_shift",
        "loss far_loss",
        "optimizer far_adam",
        "schedule far_cosine",
        "callback watch",
    }
    assert found["env toy"] == "toys 1.0"
    assert {"backbone cnn", "temporal none", "head mlp", "action cartesian", "augmentation shift"} <= found.keys()


@pytest.mark.parametrize("read", [load_policy, load_with_spec])
def test_a_missing_part_is_named_with_its_package_and_what_to_type(save, far, read):
    path, _ = save(policy={"backbone": {"use": "far"}}, **TRAINING)
    far()
    with pytest.raises(BczooError) as refused:
        read(path)
    assert str(refused.value) == (
        f"{path} needs backbone 'far' of bczoo-far 1.2, which is not installed; pip install bczoo-far==1.2"
    )


def test_eval_says_it_in_one_line(save, far, monkeypatch, capsys):
    path, _ = save(policy={"backbone": {"use": "far"}})
    far()
    monkeypatch.setattr("sys.argv", ["bczoo", "eval", str(path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(path.name)[2] for line in said if line.startswith("error: ")] == [
        " needs backbone 'far' of bczoo-far 1.2, which is not installed; pip install bczoo-far==1.2"
    ]


def test_what_only_trained_a_policy_is_not_missed(save, far):
    path, spec = save(**TRAINING)
    assert load_with_spec(path)[1] == spec
    far()
    policy, left = load_with_spec(path)
    assert policy.act(observation()).shape == (2,)
    assert (left.env, left.policy, left.eval) == (spec.env, spec.policy, spec.eval)
    defaults = Train(epochs=1)
    assert left.train == attrs.evolve(spec.train, optimizer=defaults.optimizer, schedule=defaults.schedule)
    assert (left.callbacks, left.data.augment) == ((), ())


def test_nor_is_a_callback_that_has_other_options_now(save):
    path, _ = save(callbacks=[{"use": "early_stop", "patience": 3}])
    rewrite(path, lambda header: header["spec"]["callbacks"][0].update(patients=3))
    assert load_with_spec(path)[1].callbacks == ()


def test_the_env_is_needed_to_judge_and_not_to_act(save, toy_zoo):
    path, _ = save()
    del toy_zoo.cards["env", "toy"]
    assert load_policy(path).act(observation()).shape == (2,)
    with pytest.raises(BczooError, match=r"needs env 'toy' of toys 1\.0, which is not installed"):
        load_with_spec(path)


def forget(header, *kinds):
    """Make a header of those that did not name the origins of these kinds, or of any."""
    header["plugins"] = {
        part: origin for part, origin in header["plugins"].items() if kinds and part.partition(" ")[0] not in kinds
    }


def test_files_that_name_fewer_origins_are_read_as_ever(save, far):
    path, spec = save(policy={"backbone": {"use": "far"}}, **TRAINING)
    rewrite(path, lambda header: forget(header, "callback", "optimizer", "schedule", "augmentation"))
    assert load_with_spec(path)[1] == spec
    far()
    with pytest.raises(BczooError, match=r"needs backbone 'far' of bczoo-far 1\.2, which is not installed"):
        load_with_spec(path)
    rewrite(path, forget)
    with pytest.raises(BczooError, match=r"cannot be rebuilt here: policy\.backbone\.use: no backbone called 'far'"):
        load_with_spec(path)


TABLE = {"backbone": {"use": "far"}, "callbacks": [{"use": "watch"}, {"use": "else"}]}


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"backbone far": "far 1.0", "head mlp": "far 1.0"}, "backbone 'far' of far 1.0, which is not installed"),
        (
            {"backbone far": "far 1.0", "callback watch": "far 1.0"},
            "backbone 'far' and callback 'watch' of far 1.0, which is not installed; pip install far==1.0",
        ),
        (
            {"backbone far": "far 1.0", "callback else": "els 2.0"},
            "backbone 'far' of far 1.0, which is not installed, and callback 'else' of els 2.0, which is not "
            "installed; pip install far==1.0 els==2.0",
        ),
        ({"backbone far": "bczoo 9.9"}, "bczoo 0.1.0 is installed, which has no such part; pip install bczoo==9.9"),
        ({"backbone far": "unknown"}, "backbone 'far' of 'unknown', which no installed plugin offers"),
    ],
)
def test_several_missing_parts_are_one_sentence(told, says):
    assert says in needs(told, TABLE)


@pytest.mark.parametrize(
    "origin",
    [
        "--index-url 1.0",
        "far 1.0; rm -rf .",
        "far $(reboot)",
        "far 1.0\nerror: 2",
        "../far 1.0",
        "far\x1b[2J 1",
        "f" * 999,
    ],
)
def test_nothing_that_a_file_says_is_offered_to_a_shell(save, far, origin):
    path, _ = save(policy={"backbone": {"use": "far"}})
    far()
    rewrite(path, lambda header: header["plugins"].update({"backbone far": origin}))
    with pytest.raises(BczooError) as refused:
        load_policy(path)
    said = str(refused.value).removeprefix(str(path))
    assert said.startswith(" needs backbone 'far' of '")
    assert said.endswith(", which no installed plugin offers")
    assert said.isprintable()
    assert len(said) < 250


@pytest.mark.parametrize(
    "told", [None, [], "far 1.0", {}, {"backbone": 7}, {"": {}}, {"backbone far": None}, {"a far": ""}]
)
def test_origins_that_are_none_explain_nothing_or_little(told):
    assert needs(told, TABLE) in ("", "backbone 'far' of 'unknown', which no installed plugin offers")
    assert needs({"backbone far": "far 1.0"}, told) == ""


def test_a_plugin_that_is_there_but_broken_is_not_to_be_installed(toy_zoo):
    toy_zoo.broken.append(Broken("far_parts", "far 1.1", "ImportError: no jax"))
    assert needs({"backbone far": "far 1.0"}, TABLE) == (
        "backbone 'far' of far 1.0, but plugin 'far_parts' (far 1.1) did not load: ImportError: no jax"
    )


def test_a_blocked_plugin_is_said_to_be_blocked(install, monkeypatch):
    install("bczoo_far", "BCZOO_API = '1.0'")
    monkeypatch.setenv("BCZOO_BLOCK", "bczoo-far")
    zoo.cache_clear()
    assert "did not load: left out by BCZOO_BLOCK" in needs({"backbone far": "bczoo-far 1.2"}, TABLE)


def test_a_run_whose_part_is_gone_says_what_to_install(folder, runs, far, monkeypatch):
    spec = toy_spec(folder, policy={"backbone": {"use": "far"}}, callbacks=[{"use": "watch"}])
    monkeypatch.setattr("bczoo.engine.experiment._judge", lambda *_: None)  # trained, and then killed
    train(spec, run="r", show=False)
    assert json.loads((runs / "r" / "versions.json").read_text())["plugins"] == origins(spec)
    assert read_header(runs / "r" / "policy.safetensors")["plugins"] == origins(spec)
    far()
    place = "runs/r/spec.toml"
    with pytest.raises(InputError) as refused:
        resume("runs/r", show=False)
    assert str(refused.value) == (
        f"{place} needs backbone 'far' and callback 'watch' of bczoo-far 1.2, which is not installed; "
        "pip install bczoo-far==1.2"
    )
    (runs / "r" / "versions.json").unlink()
    with pytest.raises(InputError, match="no backbone called 'far'"):
        resume("runs/r", show=False)
