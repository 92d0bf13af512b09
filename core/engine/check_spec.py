"""Whether a spec is sound, found without data and without training."""

from collections.abc import Iterable
from pathlib import Path

from bczoo.engine.assembly import observe
from bczoo.engine.env import describe_env
from bczoo.engine.pairs import check_pair, refuse_learning
from bczoo.engine.shift import read_shifts
from bczoo.engine.summary import Summary, summarize
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
