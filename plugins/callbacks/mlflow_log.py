"""MLflow, on its server or in a local database."""

import os
import time
from typing import TYPE_CHECKING, Any

from bczoo.plugins import callbacks
from bczoo.plugins.callbacks.logger import Logger, flat, need
from bczoo.schema import unstructure

if TYPE_CHECKING:
    from bczoo.engine.run import Run

PARAMS = 100  # that MLflow takes at once
LONGEST = 6000  # characters of a parameter


class MlflowLog(Logger):
    """One MLflow run per run, also when it is resumed. It leaves mlflow's global state (active run, URI) alone."""

    client: Any

    def __init__(self, options: "callbacks.Mlflow") -> None:
        # Or MLflow would report on itself over the network, also where it logs to a local database.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        super().__init__(options, "mlflow", "mlflow.entities")
        self.uri = options.tracking_uri or self.library.get_tracking_uri()
        if self.uri.startswith("sqlite"):
            need(self.name, "sqlalchemy", "alembic")  # mlflow-skinny comes without
        self.id: str | None = None
        self.seen: dict[str, int] = {}

    def state_dict(self) -> dict[str, Any]:
        """The id of the MLflow run."""
        return {"id": self.id or ""}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with that MLflow run."""
        self.id = state["id"] or None

    def start(self, run: "Run") -> None:
        """Create experiment and run, or take the run up again."""
        self.client = self.library.MlflowClient(tracking_uri=self.uri)
        if self.id:
            self.client.update_run(self.id, status="RUNNING")
            self.seen = self._last_steps()
            return
        known = self.client.get_experiment_by_name(self.options.experiment)
        experiment = known.experiment_id if known else self.client.create_experiment(self.options.experiment)
        self.id = self.client.create_run(experiment, run_name=run.folder.name).info.run_id
        param = self.library.entities.Param
        params = [param(key, str(value)[:LONGEST]) for key, value in flat(unstructure(run.spec)).items()]
        for first in range(0, len(params), PARAMS):
            self.client.log_batch(self.id, params=params[first : first + PARAMS])

    def _last_steps(self) -> dict[str, int]:
        keys = self.client.get_run(self.id).data.metrics
        return {key: max(seen.step for seen in self.client.get_metric_history(self.id, key)) for key in keys}

    def write(self, values: dict[str, float], step: int) -> None:
        """Numbers of a step; those that were logged before a crash are there already and come out the same."""
        now = int(time.time() * 1000)
        metric = self.library.entities.Metric
        fresh = {key: value for key, value in values.items() if step > self.seen.get(key, -1)}
        self.client.log_batch(self.id, metrics=[metric(key, value, now, step) for key, value in fresh.items()])

    def training_over(self, run: "Run", failed: bool) -> None:
        """Hand over the policy file and say how training ended; MLflow takes metrics of an ended run, too."""
        policy = run.folder / "policy.safetensors"
        if self.options.log_policy and policy.exists():
            self.client.log_artifact(self.id, str(policy))
        self.client.set_terminated(self.id, "FAILED" if failed else "FINISHED")

    def close(self, failed: bool) -> None:
        """All of it has been written as it came."""
