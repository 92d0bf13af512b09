"""The interfaces between parts: what each receives, what it declares, and what it returns.

Legend of dimensions, used in names everywhere: see bczoo.shapes. `x_BTND` is float, on the policy's device.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, ClassVar

import attrs
import torch
from torch import Tensor, nn

from bczoo.shapes import Action, Context, Features, Obs


class Backbone(nn.Module, ABC):
    """Turns frames into feature tokens; it knows nothing of time, so every frame is encoded once."""

    features: Features
    # False: it looks at no camera, and the policy then acts on the state alone.
    sees: ClassVar[bool] = True
    # Channel statistics the images are normalised with, in [0, 1] units; ImageNet's by default.
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    # What training started from, for the record: "none", "imagenet:FILE" or "FILE sha256:DIGEST".
    used_weights: str = "none"

    @abstractmethod
    def __init__(self, options: Any, obs: Obs) -> None:
        """Build for these observations; must set `self.features` after `super().__init__()`."""
        super().__init__()

    def load_pretrained(self, options: Any) -> Any:
        """Take over pretrained weights and set `used_weights`; called once, when training begins.

        Building reads no weights, so that a policy file needs nothing but itself. Returns the options as
        carried out: what they left open ("auto") is decided there. Raises BczooError for weights that
        cannot be had.
        """
        return options

    @abstractmethod
    def forward(self, images: dict[str, Tensor]) -> Tensor:
        """Encode normalised float images {camera: x_MCHW} as x_MND."""


# Not frozen, as the compiler cannot see through the way attrs fills frozen objects.
@attrs.define(kw_only=True)
class TemporalOutput:
    """x_BHD, and what the module adds to the training loss by name (a CVAE's KL), as scalars."""

    x_BHD: Tensor
    penalties: Mapping[str, Tensor] = attrs.field(factory=dict)


# What a recurrent module keeps from frame to frame: tensors whose first dimension is the batch.
Memory = tuple[Tensor, ...]


class Temporal(nn.Module, ABC):
    """Turns T steps of tokens and states into one context vector per action.

    In rollout a module is given the last T frames anew at every decision, unless it is `recurrent`: then it
    is given each frame once, through `step`, and hands on a memory of its own.
    """

    context: Context
    recurrent: bool = False

    @abstractmethod
    def __init__(self, options: Any, features: Features, state: int, horizon: int, action: int) -> None:
        """Build for these features, `state` (S, may be 0), `horizon` (H) and `action` (A); must set `self.context`."""
        super().__init__()

    @abstractmethod
    def forward(
        self,
        x_BTND: Tensor,
        state_BTS: Tensor,
        demo_BHA: Tensor | None = None,
        mask_BH: Tensor | None = None,
    ) -> TemporalOutput:
        """Look at T steps.

        `demo_BHA`, the demonstrated scaled actions, is there in training only, and so is `mask_BH`, False
        where they are padding.
        """

    def start(self, batch: int) -> Memory:
        """The memory of `batch` episodes before their first frame, on the module's device; if `recurrent`."""
        raise NotImplementedError

    def step(self, x_BND: Tensor, state_BS: Tensor, memory: Memory) -> tuple[TemporalOutput, Memory]:
        """Look at one more frame; return what is made of the episode so far, and the new memory; if `recurrent`."""
        raise NotImplementedError


# Typed for the losses of points, which never see a prediction without one.
_NO_POINT: Any = None


@attrs.define(kw_only=True)
class Prediction:
    """What a head says about the actions, in the space its action form predicts in.

    `point_BHP` is the one best guess of a head that `predicts` a "point". Heads that say something else (a mixture,
    a denoiser) subclass this with what their losses need, and may leave the point out: `Head.point` finds it where
    the policy acts. `penalties` are what the head adds to the training loss by name, as scalars.
    """

    point_BHP: Tensor = _NO_POINT
    penalties: Mapping[str, Tensor] = attrs.field(factory=dict)


class ActionForm(nn.Module, ABC):
    """A way to write actions: encodes env actions, and says how a prediction differs from one.

    Env actions arrive scaled to [-1, 1] in every dimension. All methods work on tensors of any
    leading shape and keep it.
    """

    size: int

    @abstractmethod
    def __init__(self, options: Any, action: Action) -> None:
        """Build for this action; must set `self.size` (P)."""
        super().__init__()

    @abstractmethod
    def encode(self, action_A: Tensor) -> Tensor:
        """Write scaled actions (..., A) in this form, (..., P)."""

    @abstractmethod
    def activate(self, raw_P: Tensor) -> Tensor:
        """Map a head's unbounded output (..., P) into the form's range."""

    @abstractmethod
    def decode(self, code_P: Tensor) -> Tensor:
        """Read encoded actions (..., P) back as scaled actions (..., A)."""

    @abstractmethod
    def residual(self, predicted_P: Tensor, target_P: Tensor) -> Tensor:
        """How far a prediction is from a target, element by element."""


class Head(nn.Module, ABC):
    """Turns each context vector into a prediction of one action."""

    predicts: ClassVar[str] = "point"  # which family of losses can train it

    @abstractmethod
    def __init__(self, options: Any, context: Context, form: ActionForm) -> None:
        """Build for this context and action form."""
        super().__init__()

    @abstractmethod
    def forward(self, x_BHD: Tensor) -> Prediction:
        """Predict; points have been passed through the form's `activate`, in float32."""

    def point(self, prediction: Prediction) -> Tensor:
        """The one best guess, point_BHP in float32: what the policy does. Training never asks for it.

        A head whose guess is costly (a diffusion head samples for it) finds it here rather than in `forward`. It
        is the same for the same prediction: noise to start from is drawn when the head is built, and kept in a buffer.
        """
        return prediction.point_BHP


class Loss(nn.Module, ABC):
    """Scores predictions per sample and horizon step; the core averages them, masked, once.

    It has no parameters, since policies are trained and saved, and losses are not: what is to be learned, such as a
    scale, belongs to the head, which hands it on in its prediction.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"point"})

    @abstractmethod
    def __init__(self, options: Any) -> None:
        """Build from options alone: a loss fits any action form."""
        super().__init__()

    @abstractmethod
    def forward(self, prediction: Prediction, action_BHA: Tensor, form: ActionForm) -> Tensor:
        """Score against scaled expert actions; return loss_BH. It is called in float32, outside of autocast."""


class Schedule(ABC):
    """Changes the optimiser's learning rate as training goes on."""

    @abstractmethod
    def __init__(self, options: Any, optimizer: torch.optim.Optimizer, steps: int) -> None:
        """Build for an optimiser and the planned number of `steps`."""

    def step_end(self) -> None:  # noqa: B027 - both hooks are optional
        """Called after each optimiser step."""

    def epoch_end(self, loss: float) -> None:  # noqa: B027
        """Called after each epoch with the validation loss (the training loss when there is none)."""

    def state_dict(self) -> dict[str, Any]:
        """What it has to remember when a run is resumed: numbers, strings, and lists, tuples and dicts of them.

        As it stands, all of that sort that it keeps itself; a schedule that keeps something else writes its own.
        """
        return {name: deepcopy(value) for name, value in vars(self).items() if _plain(value)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Remember it again."""
        vars(self).update(state)


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str | int) and _plain(item) for key, item in value.items())
    return all(map(_plain, value)) if isinstance(value, list | tuple) else isinstance(value, int | float | str | None)


@attrs.frozen(kw_only=True)
class Batch:
    """B windows of T steps of demonstrations on the device.

    `images` {camera: uint8 (M, height, width, channels)} are its frames. Where `frame_BT` is None, M is B times T
    and they lie window after window; else `frame_BT` says which frame each step sees, so that windows
    may share frames. `x_MND` holds the frames' features where they are known already, and then there are no images.
    `group_M` numbers the window (or, of shared frames, the episode) that a frame is augmented with. `state_BTS` are raw
    states, `action_BHA` raw expert actions; `mask_BH` is True where an action is real and False where the
    chunk is padding.
    """

    images: Mapping[str, Tensor]
    state_BTS: Tensor
    action_BHA: Tensor
    mask_BH: Tensor
    frame_BT: Tensor | None = None
    group_M: Tensor | None = None
    x_MND: Tensor | None = None

    def each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        """The same batch with `change` made to each of its tensors."""

        def changed(value: Any) -> Any:
            if isinstance(value, Tensor):
                return change(value)
            return value if value is None else {name: change(tensor) for name, tensor in value.items()}

        return Batch(**{name: changed(value) for name, value in attrs.asdict(self, recurse=False).items()})

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return self.each(lambda tensor: tensor.to(device, non_blocking=True))


class Augmentation(ABC):
    """Changes training batches on the device, each window in its own way; validation never sees it."""

    @abstractmethod
    def __init__(self, options: Any) -> None:
        """Build from options alone."""

    @abstractmethod
    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """A changed batch of the same shapes and types; all chance comes from `generator`, on the batch's device.

        Images, states and actions may change, these within the env's bounds; what says how they belong together
        (`mask_BH`, `frame_BT`, `group_M`) may not.
        Frames of one group (`groups(batch)`) are changed alike, or what moves could not be told from what was moved.
        """


def groups(batch: Batch) -> tuple[Tensor, int]:
    """The group of every frame, int64 (M,), and how many groups there are at most."""
    windows, steps = batch.state_BTS.shape[:2]
    if batch.group_M is not None:
        return batch.group_M, windows
    return torch.arange(windows, device=batch.state_BTS.device).repeat_interleave(steps), windows
