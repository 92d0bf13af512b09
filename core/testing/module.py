"""What every torch module of a policy promises: shapes, gradients, determinism, and weights that can be kept."""

from collections.abc import Callable, Iterable
from typing import Any

import attrs
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from bczoo.testing.subject import Subject

ROWS = 3
# Kernels may add up in another order for another batch size.
TOLERANCE = 1e-4


@attrs.frozen(kw_only=True)
class Output:
    """What a module gave: the tensor whose shape it declares, and whatever else takes part in training."""

    main: Tensor
    others: tuple[Tensor, ...] = ()


@attrs.frozen(kw_only=True)
class Trial:
    """A module in one situation: `case` says which, `declared` its output's shape without the batch.

    `run(module, rows, training)` runs it on the first `rows` of always the same ROWS samples.
    """

    case: str
    build: Callable[[], Any]
    declared: Callable[[Any], tuple[int, ...]]
    run: Callable[[Any, int, bool], Output]


def noise(*shape: int, seed: int = 0) -> Tensor:
    """The same normal noise on every device, torch's present default device."""
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn(shape, generator=generator, device="cpu").to(torch.get_default_device())


def check_trials(subject: Subject, trials: Iterable[Trial]) -> None:
    """Hold a module to its promises in each situation, then keep and restore the weights of the last."""
    reached: dict[str, bool] = {}
    for trial in trials:
        with subject.doing(f"a run on the meta device with {trial.case}"), torch.device("meta"), torch.no_grad():
            _check_shape(subject, trial, trial.build().eval())
        with subject.doing(f"a run with {trial.case}"):
            torch.manual_seed(0)
            module = trial.build()
            for name, useful in _check_gradients(subject, trial, module.train()).items():
                reached[name] = useful or reached.get(name, False)
            _check_shape(subject, trial, module.eval())
            _check_eval(subject, trial, module)
    demand_reached(subject, reached)
    with subject.doing("writing its weights and reading them back"):
        _check_round_trip(subject, trial, module)


def _check_shape(subject: Subject, trial: Trial, module: Any) -> None:
    seen, declared = tuple(trial.run(module, ROWS, False).main.shape), (ROWS, *trial.declared(module))
    subject.demand(
        seen == declared, f"declares {_shape(declared)} for {trial.case} but gives {_shape(seen)} (batch first)"
    )


def _check_gradients(subject: Subject, trial: Trial, module: nn.Module) -> dict[str, bool]:
    _wake(module)
    output = trial.run(module, ROWS, True)
    total = torch.zeros(())
    for index, tensor in enumerate((output.main, *output.others)):
        subject.demand(bool(tensor.isfinite().all()), f"gives numbers that are not finite for {trial.case}")
        # A plain sum would hide parameters behind a normalisation, whose outputs always sum to the same.
        total = total + (tensor * noise(*tensor.shape, seed=index + 1)).sum()
    return gradients(subject, module, total)


@torch.no_grad()
def _wake(module: nn.Module) -> None:
    """Give parameters that start at zero other values: behind them no gradient passes before the first step."""
    for parameter in module.parameters():
        if not parameter.any():
            parameter.copy_(0.1 * noise(*parameter.shape))


def gradients(subject: Subject, module: nn.Module, objective: Tensor) -> dict[str, bool]:
    """Backpropagate; whether a gradient other than zero reaches each trainable parameter.

    A parameter that takes no part at all is a broken promise, and so is a gradient that is not finite. One
    of zero may be right in a single situation: a recurrent weight has nothing to do in the first step.
    """
    trainable = {name: value for name, value in module.named_parameters() if value.requires_grad}
    if not trainable:
        return {}
    subject.demand(objective.requires_grad, f"no gradient reaches {_list(trainable)}: its output is detached")
    objective.backward()  # type: ignore[no-untyped-call]
    unused = [name for name, value in trainable.items() if value.grad is None]
    subject.demand(not unused, f"{_list(unused)} takes no part in the output; remove it, or set requires_grad to False")
    found = {name: value.grad for name, value in trainable.items() if value.grad is not None}
    wild = [name for name, gradient in found.items() if not gradient.isfinite().all()]
    subject.demand(not wild, f"the gradient of {_list(wild)} is not finite")
    module.zero_grad(set_to_none=True)
    return {name: bool(gradient.any()) for name, gradient in found.items()}


def demand_reached(subject: Subject, reached: dict[str, bool]) -> None:
    """Demand that every parameter was reached, in one situation or another."""
    lost = [name for name, useful in reached.items() if not useful]
    subject.demand(not lost, f"only gradients of zero reach {_list(lost)}")


@torch.no_grad()
def _check_eval(subject: Subject, trial: Trial, module: Any) -> None:
    whole, again = (trial.run(module, ROWS, False).main for _ in range(2))
    subject.demand(torch.equal(whole, again), "two runs in eval mode on the same input differ")
    one = trial.run(module, 1, False).main
    subject.demand(close(one, whole[:1]), "a sample's output in eval mode depends on the other samples of its batch")


@torch.no_grad()
def _check_round_trip(subject: Subject, trial: Trial, module: Any) -> None:
    kept = save({name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()})
    torch.manual_seed(1)
    fresh = trial.build().eval()
    fresh.load_state_dict(load(kept))
    outputs = (trial.run(model, ROWS, False).main for model in (module, fresh))
    subject.demand(
        close(*outputs), "its state_dict is not all of its state: with it loaded, a new one gives other output"
    )


def close(left: Tensor, right: Tensor) -> bool:
    """Equal but for rounding."""
    return torch.allclose(left, right, atol=TOLERANCE, rtol=TOLERANCE)


def _shape(sizes: Iterable[int]) -> str:
    return "x".join(map(str, sizes))


def _list(names: Iterable[str]) -> str:
    """The names, the first three of many."""
    names = list(names)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
