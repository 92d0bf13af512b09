"""From a policy to the ONNX program that torch's exporter makes of it, or the part for which it makes none."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, get_args

import torch
from torch import Tensor

from bczoo.card import card_of
from bczoo.engine.policy import Policy
from bczoo.engine.stateless import Part, Stateless
from bczoo.errors import BczooError, brief


def translated(form: Stateless) -> Any:
    """The torch.onnx.ONNXProgram of a policy; raises BczooError naming the part that has none."""
    try:
        return _program(form)
    except Exception as error:
        part, error = _culprit(form.policy, error)
        options = getattr(form.policy.spec, part)
        reason = _root(error)
        raise BczooError(f"{part} {card_of(options).name!r} cannot be written as ONNX: {brief(reason)}") from error


def _culprit(policy: Policy, error: Exception) -> tuple[Part, Exception]:
    """The first part with which translation fails, and how."""
    *parts, last = get_args(Part)
    for part in parts:
        try:
            _program(Stateless(policy, part).eval())
        except Exception as own:
            return part, own
    return last, error


def _root(error: BaseException) -> BaseException:
    return error if error.__cause__ is None else _root(error.__cause__)


def _program(form: Stateless) -> Any:
    outputs = form.outputs if form.until == "action" else None
    with _calm():
        example, batch = form.example(batch=2), torch.export.Dim("batch")
        shapes = (tuple({0: batch} for _ in example),)
        # Not of the module itself: torch would then fix the batch size where it cannot keep it open.
        captured = _captured(form, example, shapes)
        return torch.onnx.export(
            captured,
            dynamo=True,
            dynamic_shapes=shapes,  # for the name of the dimension
            input_names=form.inputs,
            output_names=outputs,
            verbose=False,
        )


@torch.no_grad()
def _captured(form: Stateless, example: tuple[Tensor, ...], shapes: Any) -> torch.export.ExportedProgram:
    try:
        return torch.export.export(form, example, dynamic_shapes=shapes, strict=False)
    except Exception:  # parts that take len() of a tensor; the slower way follows that, too
        return torch.export.export(form, example, dynamic_shapes=shapes, strict=True)


@contextmanager
def _calm() -> Iterator[None]:
    """Silence torch, which logs whole programs, and keep it from fused transformer layers, which ONNX has not."""
    fused, silenced = torch.backends.mha.get_fastpath_enabled(), logging.root.manager.disable
    torch.backends.mha.set_fastpath_enabled(False)
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(silenced)
        torch.backends.mha.set_fastpath_enabled(fused)
