"""Policies as ONNX files, for machines without bczoo and torch; each is compared with the policy before it is there."""

import json
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import attrs
import torch
from torch import Tensor

from bczoo.engine.checkpoint import load_with_spec
from bczoo.engine.stateless import Stateless
from bczoo.engine.translate import translated
from bczoo.errors import BczooError, InputError, brief
from bczoo.files import atomic_path, refuse_existing
from bczoo.schema import unstructure
from bczoo.spec import Spec

_LARGEST: Final = 3 << 29  # bytes of weights; torch puts more of them into a second file, as ONNX files end at 2 GB
_TOLERANCE: Final = 1e-4  # of an action's range; rounding makes less than 1e-6, a wrong formula 1e-2 and more

_SINGLE: Final = "Inputs hold one step."
_WINDOW: Final = "Inputs hold the last {} steps, oldest first; an episode's first step stands for those before it."
_CARRIED: Final = (
    "Call it once a step: memories are zeros at an episode's start, then what next_memory gave at the step before."
)
_CHUNK: Final = (
    "actions (batch, horizon, action) are in the env's units; actions[:, 0] is for now, the next for a step later."
)


@attrs.frozen(kw_only=True)
class Exported:
    """An ONNX file: its inputs and outputs by name as "float32 batch x 1 x 3".

    `difference` is the largest between its actions and the policy's that was seen, as a share of the action's range.
    """

    path: Path
    inputs: dict[str, str]
    outputs: dict[str, str]
    difference: float


def export(policy_path: str | Path, to: str | Path) -> Exported:
    """Write the policy of a file, or of zoo:NAME, as one ONNX file of stateless.Stateless, for batches of any size.

    Images are scaled, states standardised and actions decoded inside. The file's metadata says how it was made
    (`bczoo`, `spec`, `obs`, `action`), its description how it is used. Raises InputError for a name that
    is taken or no ONNX file's, and BczooError when a library is missing, the file cannot be written, a part
    has no form in ONNX, or ONNX Runtime gives other actions than the policy; then no file is made.
    """
    to = Path(to)
    _refuse(to)
    runtime = _libraries()
    policy, spec = load_with_spec(policy_path)
    size = sum(tensor.nbytes for tensor in policy.state_dict().values())
    if size > _LARGEST:
        raise BczooError(f"{policy_path}: has {size / 1e9:.1f} GB of weights; one ONNX file holds {_LARGEST / 1e9:.1f}")
    form = Stateless(policy).eval()
    with atomic_path(to) as temporary:
        program = translated(form)
        _describe(program.model, form, spec)
        program.save(temporary)
        session = _session(runtime, temporary)
        difference = _difference(session, form)
        _refuse(to)  # somebody else may have made it meanwhile
    inputs, outputs = ({value.name: _said(value) for value in side} for side in _sides(session))
    return Exported(path=to, inputs=inputs, outputs=outputs, difference=difference)


def _refuse(to: Path) -> None:
    if to.suffix != ".onnx":
        raise InputError(f"{to}: policies are exported as ONNX; choose a name like {to.stem or 'policy'}.onnx")
    refuse_existing(to)


def _libraries() -> Any:
    try:
        return [import_module(name) for name in ("onnx", "onnxscript", "onnxruntime")][-1]
    except ImportError as error:
        raise BczooError(
            f"export needs a library that cannot be imported here ({brief(error)}); pip install 'bczoo[onnx]'"
        ) from error


def _describe(model: Any, form: Stateless, spec: Spec) -> None:
    """Say in the file what it is; and drop what the exporter notes, such as paths on this machine."""
    taken = {*form.inputs, *form.outputs}
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        for value in node.outputs:
            # Values inside are called after operations, as a camera may be: "view".
            if value.name in taken and not value.is_graph_output():
                value.name = f"{value.name}_"
    notes = {
        "spec": unstructure(spec),
        "obs": attrs.asdict(form.policy.obs),
        "action": attrs.asdict(form.policy.action),
    }
    model.metadata_props.update({"bczoo": version("bczoo")} | {key: json.dumps(note) for key, note in notes.items()})
    how = _CARRIED if form.memory else _SINGLE if form.steps == 1 else _WINDOW.format(form.steps)
    model.doc_string = f"The policy {spec.name!r}, written by bczoo. {how} {_CHUNK}"


def _session(runtime: Any, path: Path) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors
    try:
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common class of their own
        raise BczooError(f"ONNX Runtime does not take what torch made of the policy: {brief(error)}") from error


@torch.inference_mode()
def _difference(session: Any, form: Stateless) -> float:
    """Compare ONNX Runtime with torch over the first steps of episodes, each with its own memories.

    Exporters have been wrong without a word before: until onnxscript 0.7.1, GRUs came out as another kind of GRU.
    """
    worst = 0.0
    bounds = form.policy.normalizer
    for batch in (1, 3):
        seen_now = len(form.inputs) - len(form.memory)
        ours: Sequence[Tensor] = form.example(batch)[seen_now:]
        theirs = ours
        for seed in range(3):
            seen = form.example(batch, seed)[:seen_now]
            action_BHA, *ours = form(*seen, *ours)
            fed = {name: tensor.numpy() for name, tensor in zip(form.inputs, (*seen, *theirs), strict=True)}
            made_BHA, *theirs = map(torch.from_numpy, session.run(form.outputs, fed))
            share = (made_BHA - action_BHA).abs() / (bounds.action_high - bounds.action_low)
            worst = max(worst, float(share.max()))
    if not worst <= _TOLERANCE:  # NaN is refused as well
        raise BczooError(
            f"ONNX Runtime gives other actions than the policy, by {worst:.1%} of their range, so no file is made; "
            "pip install --upgrade onnxscript onnxruntime, or tell the makers of the policy's parts"
        )
    return worst


def _sides(session: Any) -> tuple[Any, Any]:
    return session.get_inputs(), session.get_outputs()


def _said(value: Any) -> str:
    kinds = {"tensor(float)": "float32", "tensor(uint8)": "uint8"}
    return " ".join([kinds.get(value.type, value.type), " x ".join(map(str, value.shape))])
