"""Runs that are trained and not evaluated: eval.episodes = 0."""

import json

import pytest
from specs import toy_spec

import bczoo
from bczoo.errors import InputError, SpecError
from bczoo.hooks import hookimpl

UNJUDGED = {"episodes": 0}


def test_a_run_ends_with_its_policy_and_an_eval_json_that_claims_nothing(folder, runs, caplog):
    caplog.set_level("INFO")
    result = bczoo.train(toy_spec(folder, eval={"episodes": 0, "videos": 9}), run="r", show=False)
    assert result.report is None
    assert json.loads((runs / "r" / "eval.json").read_text())["success_rate"] is None
    assert json.loads((runs / "r" / "eval.json").read_text())["episodes"] == 0
    assert "not evaluated, since eval.episodes = 0; the policy is runs/r/policy.safetensors" in caplog.text
    names = {path.name for path in (runs / "r").iterdir()}
    assert {"policy.safetensors", "last.safetensors", "spec.toml"} <= names
    assert not names & {"rollouts.mp4", "state"}


def test_no_env_is_stepped(folder, runs, monkeypatch):
    monkeypatch.setattr("toy_env.ToyEnv.step", lambda *_: pytest.fail("stepped"))
    monkeypatch.setattr("toy_env.ToyEnv.reset", lambda *_, **__: pytest.fail("reset"))
    bczoo.train(toy_spec(folder, eval=UNJUDGED), run="r", show=False)


def test_nobody_is_told_of_an_evaluation(folder, runs, overheard):
    class Ear:
        heard = ()

        @hookimpl
        def bczoo_fit_end(self):
            self.heard += ("fit_end",)

        @hookimpl
        def bczoo_eval_end(self):
            self.heard += ("eval_end",)

    with overheard(Ear()) as ear:
        bczoo.train(toy_spec(folder, eval=UNJUDGED), run="r", show=False)
    assert ear.heard == ("fit_end",)


def test_it_is_finished_and_not_resumed(folder, runs):
    bczoo.train(toy_spec(folder, eval=UNJUDGED), run="r", show=False)
    with pytest.raises(InputError, match=r"runs/r is finished: trained, and evaluated as its spec asks"):
        bczoo.resume("runs/r", show=False)


def test_one_that_was_killed_is_resumed_to_the_same_end(folder, runs, crash):
    spec = toy_spec(folder, eval=UNJUDGED, train={"save_minutes": 0.0})
    bczoo.train(spec, run="whole", show=False)
    crash(spec, "cut", 4)
    assert not (runs / "cut" / "eval.json").exists()
    assert bczoo.resume("runs/cut", show=False).report is None
    for name in ("policy.safetensors", "eval.json"):
        assert (runs / "cut" / name).read_bytes() == (runs / "whole" / name).read_bytes()


def test_rollouts_during_training_are_another_matter(folder, runs):
    settings = {"evaluate_every": 1, "evaluate_episodes": 2, "best": "success"}
    bczoo.train(toy_spec(folder, train=settings, eval=UNJUDGED), run="r", show=False)
    rows = [json.loads(line) for line in (runs / "r" / "metrics.jsonl").read_text().splitlines()]
    assert all("success_rate" in row for row in rows if "val_loss" in row)


def test_its_policy_is_judged_later_when_it_is_said_on_how_many_starts(folder, runs, tmp_path):
    policy = bczoo.train(toy_spec(folder, eval=UNJUDGED), run="r", show=False).folder / "policy.safetensors"
    with pytest.raises(InputError, match=f"say on how many starts to judge {policy}: --episodes 100"):
        bczoo.evaluate(policy, out="later", show=False)
    assert not (tmp_path / "later").exists()
    assert bczoo.evaluate(policy, out="later", episodes=3, show=False).report.episodes == 3


def test_fewer_than_none_are_refused(folder, toy_zoo):
    with pytest.raises(SpecError, match=r"eval\.episodes: must be >= 0: -1"):
        bczoo.load_spec("bc_cnn", ["eval.episodes=-1"])


def test_the_command_line_says_where_the_policy_is_and_what_judging_it_takes(call_cli):
    size = ["--set", "env.height=16", "--set", "env.width=16", "--set", "data.demos=2", "--set", "train.steps=1"]
    done = call_cli("train", "--spec", "bc_cnn", *size, "--set", "eval.episodes=0", "--run", "r", "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    assert "not evaluated, since eval.episodes = 0; the policy is runs/r/policy.safetensors\n" in done.stderr
    done = call_cli("eval", "runs/r/policy.safetensors")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.endswith("say on how many starts to judge runs/r/policy.safetensors: --episodes 100\n")
