"""Callbacks, observers of the training loop: cards only."""

from collections.abc import Iterable
from typing import Literal

from attrs.validators import and_, ge, lt, min_len

from bczoo.card import component, field
from bczoo.hooks import hookimpl


@component("callback", "early_stop", "bczoo.plugins.callbacks.early_stop:EarlyStop")
class EarlyStop:
    """Ends training when the validation loss has not improved for some epochs."""

    patience: int = field(default=5, check=ge(1), help="epochs without improvement that are borne")
    min_delta: float = field(default=0.0, check=ge(0.0), help="absolute improvement that counts")


@component("callback", "ema", "bczoo.plugins.callbacks.ema_net:Ema")
class Ema:
    """Validates, keeps and evaluates an exponential moving average of the weights."""

    decay: float = field(default=0.999, check=and_(ge(0.0), lt(1.0)), help="share of the average kept at each step")
    warmup: bool = field(default=True, help="keep less of it early on: at step t at most (1 + t) / (10 + t)")


@component("callback", "tensorboard", "bczoo.plugins.callbacks.tensorboard_log:TensorBoardLog")
class TensorBoard:
    """Logs to TensorBoard, in the run's folder."""


@component("callback", "wandb", "bczoo.plugins.callbacks.wandb_log:WandbLog")
class Wandb:
    """Logs to Weights & Biases."""

    project: str = field(default="bczoo", check=min_len(1), help="W&B project")
    entity: str | None = field(default=None, help="user or team; without it, your default one")
    mode: Literal["online", "offline", "disabled"] | None = field(
        default=None, help="offline: written to the run's folder, for `wandb sync`; without it, WANDB_MODE or online"
    )
    group: str | None = field(default=None, help="group of runs it is shown in")
    tags: tuple[str, ...] = field(default=(), help="labels to find it by")


@component("callback", "mlflow", "bczoo.plugins.callbacks.mlflow_log:MlflowLog")
class Mlflow:
    """Logs to MLflow."""

    tracking_uri: str | None = field(
        default=None, help="server or database; without it, MLFLOW_TRACKING_URI or mlflow.db in the present folder"
    )
    experiment: str = field(default="bczoo", check=min_len(1), help="experiment that the run belongs to")
    log_policy: bool = field(default=True, help="hand over the best policy file as an artifact")


@component("callback", "trackio", "bczoo.plugins.callbacks.trackio_log:TrackioLog")
class Trackio:
    """Logs to Trackio, in TRACKIO_DIR or the present folder's trackio/."""

    project: str = field(default="bczoo", check=min_len(1), help="Trackio project")
    space: str | None = field(default=None, help="Hugging Face Space to log to, e.g. me/runs; without it, local")


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The callbacks bczoo ships."""
    return EarlyStop, Ema, TensorBoard, Wandb, Mlflow, Trackio
