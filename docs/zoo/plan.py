"""What is measured for ZOO.md: three sweeps, and the questions that they answer."""

from collections.abc import Sequence
from typing import Any, Final

import attrs

from bczoo.cli.sweep import command as sweep_command
from bczoo.engine.sweep import plan_sweep
from bczoo.engine.sweep_levels import read_seeds, read_vary
from bczoo.engine.sweep_plan import Plan

SEEDS: Final = 3
# Those that two cores can train; the others are in the table without a result.
RECIPES: Final = ("bc_cnn", "bc_cnn_direction", "bc_cnn_gru", "bc_cnn_spherical", "act_small", "bc_seed")
# Policies of seed 0, whatever their luck, that come with bczoo.
# Both of the seed's architectures; with the others, the package would be of 11 MB.
SHIPPED: Final = ("bc_cnn", "act_small")

SWEEPS: Final[dict[str, list[str]]] = {
    "recipes": [word for recipe in RECIPES for word in ("--spec", recipe)],
    "parts": [
        "--spec",
        "bc_cnn",
        "--one-at-a-time",
        "--vary",
        "policy.action.use=cartesian,spherical,direction",
        "--vary",
        'loss={use="huber",magnitude_weight=2.0},{use="mse",magnitude_weight=2.0},{use="huber",magnitude_weight=0.0}',
        "--vary",
        "policy.backbone.pool=spatial_softmax,avg,flatten",
        "--vary",
        "policy.head.dropout=0.0,0.3",
        "--vary",
        "data.noise=0.3,0.0,0.1",
    ],
    "demos": [
        "--spec",
        "bc_cnn",
        "--set",
        "train.steps=520",
        "--set",
        "train.epochs=1000",
        "--vary",
        "data.demos=200,50,100",
    ],
}


def command(sweep: str, overrides: Sequence[str] = ()) -> list[str]:
    """The words after `bczoo sweep` that begin a sweep; `overrides` are laid over all its specs."""
    given = [word for override in overrides for word in ("--set", override)]
    return [*SWEEPS[sweep], *given, "--seeds", str(SEEDS), "--name", sweep]


def planned(sweep: str, overrides: Sequence[str] = ()) -> Plan:
    """What that command runs; raises InputError for overrides that cannot be."""
    asked = sweep_command.make_context("sweep", command(sweep, overrides)).params
    return plan_sweep(
        asked["specs"],
        vary=read_vary(asked["vary"]),
        seeds=read_seeds(asked["seeds"]),
        overrides=asked["overrides"],
        one_at_a_time=asked["one_at_a_time"],
    )


@attrs.frozen(kw_only=True)
class Level:
    """One answer to a question: what it is called on the page, and which cell of the sweep tried it."""

    name: str
    value: Any


@attrs.frozen(kw_only=True)
class Question:
    """What a sweep is asked; the first level is what the others are compared with."""

    title: str
    sweep: str
    key: str
    levels: tuple[Level, ...]
    claim: str


def _loss(use: str, weight: float) -> dict[str, Any]:
    return {"use": use, "magnitude_weight": weight}


QUESTIONS: Final = (
    Question(
        title="Cartesian, spherical or direction?",
        sweep="parts",
        key="policy.action.use",
        levels=tuple(Level(name=name, value=name) for name in ("cartesian", "spherical", "direction")),
        claim=(
            "The walk-through hopes that spherical coordinates let a model learn how much to move apart from where to, "
            "and warns of instability near zero. `spherical` here has the whole range of magnitudes, the azimuth "
            "measured the short way round, and angles weighed as arcs; `direction` is the same idea, a magnitude and "
            "a unit vector, without the jump of the azimuth."
        ),
    ),
    Question(
        title="Huber or MSE?",
        sweep="parts",
        key="loss",
        levels=(Level(name="Huber", value=_loss("huber", 2.0)), Level(name="MSE", value=_loss("mse", 2.0))),
        claim="The walk-through prefers Huber, as less sensitive to outliers.",
    ),
    Question(
        title="Magnitude weight on or off?",
        sweep="parts",
        key="loss",
        levels=(
            Level(name="weight 2.0", value=_loss("huber", 2.0)),
            Level(name="weight 0.0", value=_loss("huber", 0.0)),
        ),
        claim=(
            "The walk-through weighs each step by 1 + 2 times the expert's magnitude, since large movements are "
            '"critical for task success".'
        ),
    ),
    Question(
        title="GRU or not?",
        sweep="recipes",
        key="spec",
        levels=(Level(name="no GRU", value="bc_cnn"), Level(name="a GRU", value="bc_cnn_gru")),
        claim=(
            "The walk-through expects temporal dependencies and smoother actions from a GRU. This task can be seen "
            "whole in every frame."
        ),
    ),
    Question(
        title="BC or ACT?",
        sweep="recipes",
        key="spec",
        levels=(Level(name="BC", value="bc_cnn"), Level(name="ACT", value="act_small")),
        claim=(
            "The walk-through calls ACT better for long horizons, and BC simpler, faster and good for reactive "
            "control. `act_small` is its ACT made narrow enough for two CPU cores; it executes one action of a chunk."
        ),
    ),
    Question(
        title="Which pooling?",
        sweep="parts",
        key="policy.backbone.pool",
        levels=(
            Level(name="spatial softmax", value="spatial_softmax"),
            Level(name="average pooling", value="avg"),
            Level(name="flattening", value="flatten"),
        ),
        claim=(
            "The walk-through averages over the image, which forgets *where* things are. All are trained for the ten "
            "epochs of `bc_cnn` here; `bc_seed` gives average pooling thirty."
        ),
    ),
    Question(
        title="Dropout or not?",
        sweep="parts",
        key="policy.head.dropout",
        levels=(Level(name="dropout 0.0", value=0.0), Level(name="dropout 0.3", value=0.3)),
        claim="The walk-through regularises the head with dropout 0.3.",
    ),
    Question(
        title="Noise in the demonstrations?",
        sweep="parts",
        key="data.noise",
        levels=tuple(Level(name=f"noise {noise}", value=noise) for noise in (0.3, 0.0, 0.1)),
        claim=(
            "The walk-through does not speak of it. Noise goes onto the executed action only, the label stays what "
            "the expert wanted, so that demonstrations show how to come back from mistakes."
        ),
    ),
    Question(
        title="How many demonstrations?",
        sweep="demos",
        key="data.demos",
        levels=tuple(Level(name=f"{demos} demonstrations", value=demos) for demos in (200, 50, 100)),
        claim="The walk-through does not say. All are trained for 520 steps: ten epochs of 200 demonstrations.",
    ),
    Question(
        title="The seed's configuration to the letter?",
        sweep="recipes",
        key="spec",
        levels=(Level(name="bc_cnn", value="bc_cnn"), Level(name="bc_seed", value="bc_seed")),
        claim=(
            "`bc_seed` is the walk-through's current configuration: average pooling, dropout 0.3, clean "
            "demonstrations, thirty epochs with a plateau schedule."
        ),
    ),
)
