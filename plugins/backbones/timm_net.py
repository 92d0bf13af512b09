"""Any model of timm, and what it gives for images of any size, found out by trying."""

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
import timm
import torch
from safetensors import SafetensorError
from timm.models import get_pretrained_cfg
from torch import Tensor

from bczoo.errors import BczooError
from bczoo.plugins import backbones
from bczoo.plugins.backbones.cameras_net import map_tokens, resize
from bczoo.plugins.backbones.pretrained_net import Pretrained, PretrainedEncoder, checked
from bczoo.plugins.backbones.sources_net import HubFile, HuggingFaceFile, Source
from bczoo.plugins.backbones.weights_net import read_state
from bczoo.shapes import Obs


@attrs.frozen(kw_only=True)
class Plan:
    """How a model is built (`img_size`, None: as it is) and the size (height, width) its images need, if any."""

    img_size: int | None
    size: tuple[int, int] | None


@attrs.frozen(kw_only=True)
class Seen:
    """What a model gives for an image: tokens, their width, and the parameters that have no part in it."""

    tokens: int
    width: int
    idle: frozenset[str]


class NoGridError(ValueError):
    """A model whose features are not laid out as a map or a list of tokens."""


class TimmEncoder(PretrainedEncoder):
    """A model without its classifier: pooled in its own way to one token, or its last map as tokens."""

    def __init__(self, options: "backbones.Timm", shapes: list[tuple[int, int, int]]) -> None:
        """Build for cameras of these (height, width, channels)."""
        super().__init__()
        self.model, self.grid = options.model, options.tokens == "grid"
        self.plan = _plan(options.model, options.image_size)
        self.net = _create(self.model, self.plan.img_size)
        self.source = _source(self.net.pretrained_cfg)
        seen = [self._see(height, width) for height, width, _ in shapes]
        self.width = seen[0].width
        # Conv heads and norms behind the map stay in the model, but nothing would ever train them.
        for name, parameter in self.net.named_parameters():
            parameter.requires_grad_(any(name not in view.idle for view in seen))

    def tokens(self, height: int, width: int) -> int:
        return self._see(height, width).tokens

    def _see(self, height: int, width: int) -> Seen:
        return _seen(self.model, self.plan.img_size, self.grid, *(self.plan.size or (height, width)))

    def forward(self, x_MCHW: Tensor) -> Tensor:
        x = resize(x_MCHW, *self.plan.size) if self.plan.size else x_MCHW
        return _tokens(self.net, x, self.grid)

    def read(self, path: Path, imagenet: bool) -> dict[str, Tensor]:
        """Published weights go the way timm converts them; one's own must be those of the model at its own size."""
        if imagenet:
            return _published(self.model, self.plan.img_size, path)
        resizes = hasattr(self.net, "set_input_size")
        donor = _create(self.model, None if resizes else self.plan.img_size)
        state = _without_classifier(read_state(path), donor.pretrained_cfg)
        donor.load_state_dict(checked(path, state, donor), strict=False)
        if resizes and self.plan.img_size:
            donor.set_input_size(img_size=(self.plan.img_size, self.plan.img_size))
        return dict(donor.state_dict())


class Timm(Pretrained):
    """One or several timm models over one or several cameras, images normalised as the model is used to."""

    def __init__(self, options: "backbones.Timm", obs: Obs) -> None:
        _check_name(options.model)
        shapes = list(obs.images.values())
        super().__init__(options, obs, lambda: TimmEncoder(options, shapes), freeze=options.freeze)
        first: Any = self.encoders[0]
        config = first.net.pretrained_cfg
        self.mean, self.std = tuple(config["mean"]), tuple(config["std"])


def _check_name(name: str) -> None:
    if timm.is_model(name):
        return
    near = get_close_matches(name.partition(".")[0], timm.list_models(), n=3)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "timm.list_models() lists them all"
    raise ValueError(f"timm {timm.__version__} has no model {name!r}; {hint}")


def _create(name: str, img_size: int | None, **changes: Any) -> Any:
    if img_size is not None:
        changes["img_size"] = img_size
    return timm.create_model(name, num_classes=0, **changes)


def _plan(name: str, image_size: int) -> Plan:
    config = get_pretrained_cfg(name)
    own = (config.input_size[1], config.input_size[2]) if config and config.fixed_input_size else None
    if not image_size:
        return Plan(img_size=None, size=own)
    size = (image_size, image_size)
    if own is None or own == size:
        return Plan(img_size=None, size=size)
    try:
        with torch.device("meta"):
            _create(name, image_size)
    except Exception as error:  # models refuse in their own ways
        raise ValueError(
            f"timm model {name!r} is made for {own[0]}x{own[1]} images and cannot be built for image_size = "
            f"{image_size} ({_first_line(error)}); leave image_size = 0"
        ) from error
    return Plan(img_size=image_size, size=size)


@lru_cache(maxsize=64)
def _seen(name: str, img_size: int | None, grid: bool, height: int, width: int) -> Seen:
    """Run a model forward and backward on the meta device, which takes no memory."""
    with torch.device("meta"), torch.enable_grad():
        net = _create(name, img_size).eval()
        try:
            x_MND = _tokens(net, torch.zeros(1, 3, height, width), grid)
        except NoGridError:
            raise
        except Exception as error:  # models fail in their own ways
            own = net.pretrained_cfg.get("input_size", (3, 224, 224))[-1]
            raise ValueError(
                f"timm model {name!r} does not take images of {height}x{width} ({_first_line(error)}); "
                f"set image_size, e.g. to its own {own}"
            ) from error
        torch.autograd.backward(x_MND.sum())
    idle = frozenset(key for key, parameter in net.named_parameters() if parameter.grad is None)
    return Seen(tokens=x_MND.shape[1], width=x_MND.shape[2], idle=idle)


def _tokens(net: Any, x_MCHW: Tensor, grid: bool) -> Tensor:
    """What a model sees as x_MND; raises NoGridError where it is neither a map nor tokens."""
    if not grid:
        x_MD: Tensor = net(x_MCHW)
        return x_MD.unsqueeze(1)
    x: Any = net.forward_features(x_MCHW)
    wide = net.num_features
    if isinstance(x, Tensor) and x.ndim == 3 and x.shape[2] == wide:
        return x
    if isinstance(x, Tensor) and x.ndim == 4 and wide in (x.shape[1], x.shape[3]):
        # Swin and others give (M, height, width, channels).
        last = x.shape[1] != wide or getattr(net, "output_fmt", "") == "NHWC"
        return x.flatten(1, 2) if last else map_tokens(x)
    shape = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
    raise NoGridError(f"the features of {net.default_cfg['architecture']} are {shape}, no grid; use tokens = pooled")


def _source(config: dict[str, Any]) -> Source | None:
    if repository := config.get("hf_hub_id"):
        return HuggingFaceFile(repository)
    url = config.get("url")
    return HubFile(url) if url else None


def _published(name: str, img_size: int | None, path: Path) -> dict[str, Tensor]:
    """Let timm convert published weights to the model: names, position embeddings of another size."""
    given = {"file": str(path), "custom_load": False}
    try:
        donor = _create(name, img_size, pretrained=True, pretrained_cfg_overlay=given)
    except (RuntimeError, ValueError, KeyError, OSError, EOFError, SafetensorError) as error:
        raise BczooError(
            f"{path}: these are not weights of timm model {name!r}, or a damaged file ({_first_line(error)}); "
            "delete it to have it fetched again"
        ) from error
    return dict(donor.state_dict())


def _without_classifier(state: dict[str, Tensor], config: dict[str, Any]) -> dict[str, Tensor]:
    classifier = config.get("classifier") or ()
    prefixes = tuple(f"{name}." for name in ((classifier,) if isinstance(classifier, str) else classifier))
    return {name: value for name, value in state.items() if not name.startswith(prefixes)}


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
