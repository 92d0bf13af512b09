"""Whether a spec is sound, found without data and without training."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from bczoo.card import card_of
from bczoo.engine.assembly import observe
from bczoo.engine.env import describe_env
from bczoo.engine.pairs import check_pair
from bczoo.engine.shift import read_shifts
from bczoo.engine.summary import Summary, summarize
from bczoo.errors import SpecError
from bczoo.spec import Spec
from bczoo.specfile import as_spec


def check(spec: Spec | str | Path, *, overrides: Iterable[str] = ()) -> Summary:
    """What a spec would build and what training it would take; nothing is written, collected or downloaded.

    `spec` may be a Spec, a path or the name of a recipe; `overrides` as for load_spec. Raises SpecError for mistakes
    in the spec, InputError for a loss that cannot train the head or a shift that the env does not offer, and
    BczooError where parts do not fit each other or the env.
    """
    spec = as_spec(spec, overrides)
    check_pair(spec.policy.head, spec.loss)
    spaces = describe_env(spec.env)
    read_shifts(spec.env, spec.eval.shift)
    summary = summarize(spec, observe(spec.policy, spaces), spaces.action)
    if spec.data.cache_features:
        refuse_learning(spec.policy.backbone, summary.parts[0].row.parameters - summary.parts[0].frozen)
    return summary


def refuse_learning(backbone: Any, trainable: int) -> None:
    """Raise SpecError if a backbone (its options) has trainable parameters, and so features that cannot be cached."""
    if not trainable:
        return
    if "freeze" in attrs.fields_dict(type(backbone)):
        fix = "set policy.backbone.freeze = true"
    else:
        fix = f"{card_of(backbone).name!r} always learns, so take data.cache_features out of the spec"
    raise SpecError([f"data.cache_features = true needs a backbone that does not learn; {fix}"])
