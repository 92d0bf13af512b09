"""Environments: cards only."""

from collections.abc import Iterable
from typing import Literal

from attrs.validators import and_, ge, le, min_len

from bczoo.card import component, field
from bczoo.checks import Check
from bczoo.hooks import hookimpl


@component("env", "push", "bczoo.plugins.envs.push_env:PushEnv")
class Push:
    """Push a block across a table onto a round goal, seen by one or more cameras (MuJoCo)."""

    layout: Literal["forward", "any"] = field(
        default="forward", help="forward: block behind the goal; any: both anywhere on the table (harder)"
    )
    shape: Literal["cylinder", "box"] = field(default="cylinder", help="shape of the block")
    cameras: tuple[Literal["front", "top"], ...] = field(
        default=("front",), check=min_len(1), help="cameras the policy sees, one image each"
    )
    height: int = field(default=84, check=and_(ge(8), le(4096)), help="image height in pixels")
    width: int = field(default=84, check=and_(ge(8), le(4096)), help="image width in pixels")
    renderer: Literal["ray", "egl", "osmesa"] = field(
        default="ray", help="ray: embedded, no GL needed, bit-deterministic; egl, osmesa: OpenGL"
    )
    max_steps: int = field(default=120, check=ge(1), help="steps (at 20 Hz) after which an episode ends")


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The environments bczoo ships."""
    return (Push,)


@hookimpl
def bczoo_checks() -> Iterable[Check]:
    """One image by each renderer."""
    from bczoo.plugins.envs.push_checks import checks

    return checks()
