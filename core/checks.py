"""What plugins contribute to `bczoo doctor`."""

from collections.abc import Callable

import attrs


@attrs.frozen(kw_only=True)
class Check:
    """Something that may work on this machine or not.

    `run` returns what was seen, or raises; a BczooError says itself what to do, for anything else `fix`
    does. `needed` says whether the main job fails without it.
    """

    what: str
    run: Callable[[], str]
    fix: str
    needed: bool = False
