"""What MLflow's own client finds in its local database."""

import json
import shutil
from pathlib import Path

import pytest

mlflow = pytest.importorskip("mlflow", reason="pip install 'bczoo[mlflow]'")
pytest.importorskip("sqlalchemy", reason="pip install 'bczoo[mlflow]'")


# What MLflow warns of in its own use of SQLAlchemy.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A database with MLflow's tables, which take it a second and a half to make."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def prepared(live, empty, tmp_path):
    """`live` beside such a database."""
    shutil.copy(empty, tmp_path)
    return live


class Store:
    """The only run of an experiment, in a database of the present folder."""

    def __init__(self, path="mlflow.db", experiment="bczoo"):
        # Whole, because MLflow remembers databases by it.
        self.client = mlflow.MlflowClient(f"sqlite:///{Path(path).absolute()}")
        (self.run,) = self.client.search_runs([self.client.get_experiment_by_name(experiment).experiment_id])

    def curve(self, key):
        history = self.client.get_metric_history(self.run.info.run_id, key)
        return sorted((metric.step, metric.value) for metric in history)

    def artifacts(self):
        return [item.path for item in self.client.list_artifacts(self.run.info.run_id)]


def test_every_number_is_there_at_its_step_and_spec_and_policy_too(live, left):
    live("mlflow")
    store = Store()
    assert (store.run.info.run_name, store.run.info.status) == ("demo", "FINISHED")
    assert store.run.data.metrics == {
        "train/loss": 0.1,
        "train/lr": 0.125,
        "epoch/epoch": 2,
        "epoch/val_loss": 0.5,
        "eval/success_rate": 0.75,
        "eval/interval.0": 0.5,
        "eval/interval.1": 0.875,
        "eval/episodes": 8,
    }
    assert store.curve("train/loss") == [(step, 1 / step) for step in range(1, 11)]
    assert store.curve("epoch/val_loss") == [(5, 1.0), (10, 0.5)]
    params = store.run.data.params
    assert params["name"] == "bc_cnn"
    assert params["policy.backbone.use"] == "cnn"
    assert params["train.batch_size"] == "128"
    assert json.loads(params["policy.head.hidden"]) == [512, 512]
    assert store.artifacts() == ["policy.safetensors"]
    assert Path(store.run.info.artifact_uri, "policy.safetensors").read_bytes() == b"a policy"
    assert {path.partition("/")[0] for path in left()} == {"runs", "mlruns", "mlflow.db", "state.json"}


def test_a_resumed_run_is_the_same_run_and_logs_no_step_twice(prepared):
    prepared("mlflow", last=8, end="error")
    assert Store().run.info.status == "FAILED"
    assert Store().curve("train/loss") == [(step, 1 / step) for step in range(1, 9)]
    prepared("mlflow", first=6, end="stop")
    assert Store().run.info.status == "FINISHED"
    assert Store().curve("train/loss") == [(step, 1 / step) for step in range(1, 11)]
    assert Store().curve("epoch/val_loss") == [(5, 1.0), (10, 0.5)]


def test_store_experiment_and_what_to_hand_over_can_be_chosen(prepared, left):
    Path("mlflow.db").rename("mine.db")
    prepared("mlflow", {"tracking_uri": "sqlite:///mine.db", "experiment": "push", "log_policy": False}, last=1)
    assert Store("mine.db", "push").artifacts() == []
    assert "mlflow.db" not in left()


def test_a_store_that_cannot_be_had_ends_the_run_before_its_first_step(live):
    Path("mlflow.db").write_text("this is no database " * 100)
    done = live("mlflow", end="error")
    assert "BczooError: callback 'mlflow' cannot start: DatabaseError: " in done.stderr
    assert "the loss became nan" not in done.stderr
