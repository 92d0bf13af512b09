"""docs/make_zoo.py from nothing: small sweeps are begun, interrupted, gone on with, recorded, shipped and told of."""

import logging
import re
import signal

import pytest
from blocks import DOCS

import bczoo
from bczoo.engine.checkpoint import read_header
from bczoo.engine.console import show_log
from bczoo.shipped import shipped

pytestmark = pytest.mark.slow

SMALL = [
    *("env.height=16", "env.width=16", "env.max_steps=6"),
    *("data.demos=4", "data.plan=0", "data.keep_failures=true", "train.epochs=1", "eval.episodes=4", "eval.videos=0"),
]
GIVEN = [word for override in SMALL for word in ("--set", override)]
SWEEPS = {
    "recipes": ["--spec", "bc_cnn", "--spec", "bc_cnn_direction"],
    "parts": ["--spec", "bc_cnn", "--one-at-a-time", "--vary", "policy.head.dropout=0.3"],
}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Calls make_zoo, with three runs of one seed one after the other, as a user does in an empty folder."""
    monkeypatch.syspath_prepend(DOCS)
    import make_zoo
    from zoo import costs, page, plan

    levels = tuple(plan.Level(name=name, value=name) for name in ("bc_cnn", "bc_cnn_direction"))
    asked = plan.Question(title="Which?", sweep="recipes", key="spec", levels=levels, claim="None.")
    monkeypatch.setattr(plan, "SWEEPS", SWEEPS)
    monkeypatch.setattr(plan, "SEEDS", 1)
    monkeypatch.setattr(plan, "RECIPES", tuple(level.name for level in levels))
    monkeypatch.setattr(plan, "QUESTIONS", (asked, *(one for one in plan.QUESTIONS if one.title == "Dropout or not?")))
    for module in (costs, page):  # the others are large
        monkeypatch.setattr(module, "recipes", lambda: dict.fromkeys(plan.RECIPES))
    monkeypatch.setattr(costs, "ROUNDS", 5)
    monkeypatch.setattr("bczoo.engine.sweep_process.usable_cpus", lambda: 1)
    monkeypatch.chdir(tmp_path)
    return lambda *words: make_zoo.main(["--to", "mine", *words])


class CtrlC(logging.Handler):
    """Presses it when the first run has ended."""

    def emit(self, record):
        if ": success " in record.getMessage():
            logging.getLogger("bczoo").removeHandler(self)
            signal.raise_signal(signal.SIGINT)


def told(folder):
    """What was written: the page in one line, without what a clock says."""
    return " ".join(re.sub(r"\d+\.\d \| [\d,]+ \| [\d.]+ ms", "", (folder / "ZOO.md").read_text()).split())


def test_a_zoo_is_made_from_nothing_gone_on_with_and_leaves_that_of_bczoo_alone(small, tmp_path, capfd):
    before = {path: path.read_bytes() for path in (DOCS.parent / "ZOO.md", *shipped().values())}
    show_log()  # or it would take this handler for the user's
    logging.getLogger("bczoo").addHandler(CtrlC())
    with pytest.raises(SystemExit, match="130"):
        small(*GIVEN)
    assert "SIGINT with 1 of 2 runs finished" in capfd.readouterr().err
    (first,) = tmp_path.glob("sweeps/*/runs/*/eval.json")
    kept = first.stat().st_mtime_ns
    assert not (tmp_path / "mine").exists()

    small(*GIVEN)
    assert first.stat().st_mtime_ns == kept
    mine, page = tmp_path / "mine", told(tmp_path / "mine")
    assert "This is not the zoo of bczoo: all was trained with `env.height=16`, " in page
    assert "| `recipes` | 2 | 2 | | `parts` | 1 | 1 |" in page
    assert "--one-at-a-time --vary policy.head.dropout=0.3 --set env.height=16 --set env.width=16 " in page
    assert "Whether bc_cnn_direction or bc_cnn does better is **not decided**: " in page
    assert "This has not been measured yet." in page
    assert {path.name for path in (mine / "docs" / "assets").iterdir()} == {"zoo_parts.svg", "zoo_recipes.svg"}
    file = mine / "core" / "policies" / "bc_cnn.safetensors"
    assert bczoo.load_policy(file).obs.images["front"] == (16, 16, 3)
    assert read_header(file)["sha256"]["tensors"] in (mine / "docs" / "zoo" / "recipes.json").read_text()

    small(*GIVEN)  # all is done
    assert first.stat().st_mtime_ns == kept
    assert told(mine) == page
    (mine / "ZOO.md").unlink()
    small("--from-records")
    assert told(mine) == page
    with pytest.raises(SystemExit, match="2"):
        small("--as-is", *GIVEN, "--set", "train.batch_size=7")
    assert "error: sweeps/recipes is a sweep of other specs than are asked for here" in capfd.readouterr().err
    assert {path: path.read_bytes() for path in before} == before
