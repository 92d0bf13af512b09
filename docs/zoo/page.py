"""ZOO.md, from the records alone."""

import shlex
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final

from bczoo.engine.comparison import said_p
from bczoo.engine.spec_changes import changes
from bczoo.errors import BczooError, brief
from bczoo.schema import unstructure
from bczoo.shipped import PREFIX, shipped
from bczoo.specfile import load_spec, recipes
from zoo import plan
from zoo.answers import UNDECIDED, WAITING, Answer, Found, answers, compared, said_gap, said_rate, sentences
from zoo.measures import rate
from zoo.record import Record, cell_of, runs_of, successes

_INTRODUCTION: Final = """\
# The zoo

What the recipes of bczoo reach, what their parts are worth, and how that was found out. `python docs/make_zoo.py`
trains everything and writes this page; every number and every verdict on it comes from the records in
`docs/zoo`, and `python docs/make_zoo.py --from-records` writes it again from them.

## The task and its rule of success

The push task: a gripper pushes a cylinder over a table to a goal that is drawn on it, and sees one 84x84 image and its
own position. The rule of success: {rule}, within {steps} steps. Every policy is judged on the same {starts} held-out
starts, which no demonstration begins from. Demonstrations come from a scripted expert.

## The recipes

"""
_TRAINED: Final = """\
Success is the interquartile mean over {seeds} seeds, with its 95 % interval; the command in the last column trains and
judges the first of them, and other seeds with `--set seed=1`. Minutes are those of training alone, {where}; as other
work shared it, they are those of the fastest seed. An action is what a robot waits for, from
one observation to one action, on one thread: the fastest tenth of {rounds} rounds. Fresh weights take as long as
trained ones, so recipes that are not trained have that figure, too.

A trained policy comes with bczoo where the table names one. It is that of seed 0, whatever its luck, and
`docs/make_zoo.py` copies it there from the sweep; a test holds it to its record.

```sh
bczoo eval {example}
```

"""
_ABLATIONS: Final = """\
## What are the parts worth?

The claims are those of the walk-through of the seed, the design that bczoo grew from; the answers are generated from
{seeds} seeds on {starts} starts each. All levels of a question are trained with the same seeds and judged from the same
starts, so differences are taken seed by seed and start by start: they are means, not differences of the interquartile
means beside them. p-values are corrected for all {compared} comparisons of this page (Holm), and "significant" means
that the corrected one is at most 0.05. Intervals are of one difference each, without correction, so that one may lie
beside 0 where the corrected p-value does not call it significant. "No significant difference" does not mean that there
is none: the interval says which differences would fit. Where it reaches farther than {undecided:.0f} points from 0, and
the difference is not significant, the question is called not decided.

![Differences in success between each variant and what it is compared with](docs/assets/zoo_parts.svg)

"""
_METHOD: Final = """\
## How it was measured

{sweeps}

{machines}
- A run is judged once, by its policy of the lowest validation loss, on {starts} starts (`eval.seed = {eval_seed}`).
- All statistics are those of `bczoo sweep`. The interquartile mean drops the lowest and the highest quarter of the
  seeds (Agarwal et al. 2021); of three seeds, the outer two count a quarter of the middle one. Its interval comes from
  a bootstrap that draws seeds and, independently, starts anew (Owen 2007), as both are sources of chance, and is never
  narrower than Wilson's for as many rollouts.
- A difference is the mean over seeds and starts. Its variance is put together of that between seeds and that between
  starts (Cameron, Gelbach and Miller 2011); interval and p-value are Student's t's, with the few degrees of freedom
  that few seeds leave, and never bolder than Tango's interval and McNemar's exact test for as many rollouts.

## What is not known

- How much training varies: {seeds} seeds say little, so intervals are rough, and small differences stay unseen.
- What holds for other tasks: this is one task with one camera and one scripted expert. Human demonstrations, longer
  horizons or another robot may turn an answer round.
- What other machines give: others round differently, and single starts then end differently.
- How parts go together: each was changed alone, beside the others of `bc_cnn`, and nothing was tuned for a variant.
- What lies behind a ceiling: where two variants both nearly always succeed, the task is too easy to tell them apart.
"""


def page(records: dict[str, Record], costs: dict[str, Any]) -> str:
    """The whole page."""
    main = next((record for record in records.values() if record["runs"]), None)
    if main is None:
        raise BczooError("no run of any sweep is finished, so there is nothing to write a page of")
    asked = answers(records)
    starts, seeds = main["judged"]["eval"]["episodes"], main["seeds"]
    text = "".join(
        [
            _INTRODUCTION.format(
                rule=main["success_rule"],
                steps=main["judged"]["env"]["max_steps"],
                starts=starts,
            ),
            _changed(records),
            _recipes(records["recipes"], costs),
            _TRAINED.format(seeds=seeds, where=_where(main), rounds=costs["rounds"], example=f"{PREFIX}bc_cnn"),
            "![Success of each trained recipe](docs/assets/zoo_recipes.svg)\n\n",
            _ABLATIONS.format(seeds=seeds, starts=starts, compared=compared(asked), undecided=100 * UNDECIDED),
            *(_question(answer) for answer in asked),
            _method(records, main),
        ]
    )
    return "\n\n".join(_filled(block) for block in text.strip().split("\n\n")) + "\n"


def _changed(records: dict[str, Record]) -> str:
    """What was overridden in all specs, if anything."""
    told = dict.fromkeys(f"`{override}`" for record in records.values() for override in record.get("set", ()))
    if not told:
        return ""
    return f"This is not the zoo of bczoo: all was trained with {', '.join(told)}, whatever the text below says.\n\n"


def _filled(block: str) -> str:
    """A paragraph, or a list, in lines of the house's length; anything else as it is."""
    if block.startswith(("#", "|", "!", "```")):
        return block
    items = block.split("\n- ") if block.startswith("- ") else [block]
    return "\n".join(
        textwrap.fill(
            " ".join(item.split()) if number == 0 else f"- {' '.join(item.split())}",
            width=120,
            subsequent_indent="  " if len(items) > 1 else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for number, item in enumerate(items)
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: int = 1) -> str:
    """A table whose columns from the `right`th on are right-aligned."""
    lines = [header, [":--" if place < right else "--:" for place in range(len(header))], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _recipes(record: Record, costs: dict[str, Any]) -> str:
    """All recipes: those with a result, the best first, then those without one yet, then those that need a GPU."""
    header = "recipe", "success (95 %)", "each seed", "minutes", "parameters", "one action", "policy", "again"
    runs = {name: runs_of(record, cell_of(record, "spec", name)) for name in recipes()}
    rates = {name: rate(successes(some)) for name, some in runs.items() if len(some) == record["seeds"]}
    ordered = sorted(
        runs, key=lambda name: (name not in plan.RECIPES, -rates[name].value if name in rates else 1, name)
    )
    rows = []
    for name in ordered:
        told = (WAITING if name in plan.RECIPES else "not trained: needs a GPU", "-", "-")
        if name in rates:
            fastest = min(run["minutes"] for run in runs[name])
            told = said_rate(rates[name]), _seeds(rates[name]), f"{fastest:.1f}"
        cost = costs["recipes"][name]
        policy = f"`{PREFIX}{name}`" if name in shipped() else "-"
        rest = f"{cost['parameters']:,}", f"{cost['ms']:g} ms", policy, f"`bczoo train --spec {name}`"
        rows.append((f"`{name}`", *told, *rest))
    return table(header, rows)


def _seeds(found: Any) -> str:
    return ", ".join(f"{100 * one:g}" for one in found.seeds)


def _question(answer: Answer) -> str:
    question = answer.question
    header = question.key, "success (95 %)", "each seed", "difference (95 %)", "p (Holm)", "significant"
    rows = [_level(found, number == 0) for number, found in enumerate(answer.found)]
    said = f"### {question.title}\n\n{question.claim}\n\n{sentences(answer)}\n\n"
    return said + table(header, rows) + _differences(answer)


def _level(found: Found, first: bool) -> tuple[str, ...]:
    if found.rate is None:
        return (found.level.name, WAITING, *["-"] * 4)
    row = found.level.name, said_rate(found.rate), _seeds(found.rate)
    if found.apart is None:
        return (*row, "reference" if first else "-", "-", "-")
    chance = said_p(found.apart.p_value)
    return (*row, said_gap(found.apart), chance, "yes" if found.apart.significant else "no")


def _differences(answer: Answer) -> str:
    """What else differs between recipes, since those are more than one changed key."""
    if answer.question.key != "spec":
        return ""
    base, *others = (unstructure(load_spec(level.value)) for level in answer.question.levels)
    told = [
        f"`{change.key}` ({_value(change.baseline)} and {_value(change.run)})"
        for other in others
        for change in changes(base, other)
    ]
    return f"The two recipes differ in {', '.join(told)}.\n\n"


def _value(value: Any) -> str:
    """A key's value; a part that is not there has none."""
    return "-" if value is None else brief(value)


def _method(records: dict[str, Record], main: Record) -> str:
    made_with = [one for record in records.values() for one in record["made_with"]]
    machines = [_machine(one) for number, one in enumerate(made_with) if one not in made_with[:number]]
    return _METHOD.format(
        sweeps=_sweeps(records),
        machines="\n".join(machines),
        starts=main["judged"]["eval"]["episodes"],
        eval_seed=main["judged"]["eval"]["seed"],
        seeds=main["seeds"],
    )


def _machine(made_with: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {made_with['versions'][name]}" for name in ("bczoo", "torch", "mujoco", "python"))
    return (
        f"- Trained with {versions}, on {made_with['device']} in {made_with['precision']}, on {_threads(made_with)}; "
        f"the machine has {made_with['cpus']} cores and other work to do."
    )


def _threads(made_with: dict[str, Any]) -> str:
    return f"{made_with['threads']} thread{'s' * (made_with['threads'] > 1)}"


def _where(record: Record) -> str:
    """Where the runs of a record were trained, of which there are some."""
    made_with = record["made_with"][0]
    return f"on {_threads(made_with)} of a machine with {made_with['cpus']} cores"


def _sweeps(records: dict[str, Record]) -> str:
    """What was run, and how much of it is there."""
    rows = [
        (f"`{name}`", str(len(record["runs"])), str(len(record["cells"]) * record["seeds"]))
        for name, record in records.items()
    ]
    commands = "".join(
        f"bczoo sweep {shlex.join(plan.command(name, record.get('set', ())))}\n" for name, record in records.items()
    )
    return f"{table(('sweep', 'runs finished', 'of'), rows)}```sh\n{commands}```"
