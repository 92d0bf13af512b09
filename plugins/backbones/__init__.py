"""Backbones: cards only."""

from collections.abc import Iterable
from typing import Any, Literal

from attrs.validators import and_, ge, le

from bczoo.card import component, field
from bczoo.hooks import hookimpl

_CAMERAS = "shared: all cameras go through the same weights; separate: each camera has its own"
_FREEZE = "keep the weights as they are; only the parts behind the backbone learn"
_WEIGHTS = (
    "auto: pretrained where they can be had, else from scratch with a warning; imagenet: pretrained or an error; "
    "none: from scratch; or the path of a .safetensors file"
)


def _weights(_: Any, attribute: Any, value: str) -> None:
    if value not in ("auto", "imagenet", "none") and not value.endswith(".safetensors"):
        raise ValueError(f'must be "auto", "imagenet", "none" or the path of a .safetensors file, not "{value}"')


def _patches_of_16(_: Any, attribute: Any, value: int) -> None:
    if value < 16 or value % 16:
        raise ValueError(f"must be a multiple of 16, the side of a patch, not {value}; try {max(1, value // 16) * 16}")


@component("backbone", "cnn", "bczoo.plugins.backbones.cnn_net:Cnn")
class Cnn:
    """Four convolutions (8/4, 4/2, 3/1, 3/1; 32-64-64-64 channels), the classic of visuomotor BC."""

    pool: Literal["avg", "spatial_softmax", "flatten"] = field(
        default="avg",
        help="avg forgets where things are; spatial_softmax gives x, y per channel; flatten keeps all",
    )
    cameras: Literal["shared", "separate"] = field(default="shared", help=_CAMERAS)


@component("backbone", "resnet18", "bczoo.plugins.backbones.resnet_net:Resnet18")
class Resnet18:
    """ResNet-18 without its classifier, 512 features."""

    weights: str = field(default="auto", check=_weights, help=_WEIGHTS)
    freeze: bool = field(default=False, help=_FREEZE)
    norm: Literal["batch", "group", "frozen"] = field(
        default="batch",
        help="batch: as published; group: 16 channels a group, for small batches; frozen: keeps pretrained statistics",
    )
    tokens: Literal["pooled", "grid"] = field(
        default="pooled", help="pooled: one token a camera; grid: one for each place of the last feature map"
    )
    cameras: Literal["shared", "separate"] = field(default="shared", help=_CAMERAS)


@component("backbone", "vit_b16", "bczoo.plugins.backbones.vit_net:VitB16")
class VitB16:
    """Vision Transformer B/16: 12 layers over patches of 16x16 pixels, 768 features."""

    weights: str = field(default="auto", check=_weights, help=_WEIGHTS)
    freeze: bool = field(default=False, help=_FREEZE)
    image_size: int = field(
        default=96, check=_patches_of_16, help="images are resized to this side, a multiple of 16; pretrained at 224"
    )
    tokens: Literal["cls", "all"] = field(default="cls", help="cls: the class token alone; all: the patches' too")
    cameras: Literal["shared", "separate"] = field(default="shared", help=_CAMERAS)


@component("backbone", "timm", "bczoo.plugins.backbones.timm_net:Timm")
class Timm:
    """Any model of the timm library by name, pooled or as a grid of tokens."""

    model: str = field(default="resnet18", help="timm model name, with or without the tag of its weights")
    weights: str = field(default="auto", check=_weights, help=_WEIGHTS)
    freeze: bool = field(default=False, help=_FREEZE)
    image_size: int = field(
        default=0,
        check=and_(ge(0), le(4096)),
        help="images are resized to this side; 0: the camera's own size, or the model's where that is fixed",
    )
    tokens: Literal["pooled", "grid"] = field(
        default="pooled", help="pooled: one token a camera, as the model pools; grid: its last feature map or tokens"
    )
    cameras: Literal["shared", "separate"] = field(default="shared", help=_CAMERAS)


@component("backbone", "none", "bczoo.plugins.backbones.none_net:NoBackbone")
class NoBackbone:
    """No images: the policy acts on the state vector alone."""


@hookimpl
def bczoo_components() -> Iterable[type]:
    """The backbones bczoo ships."""
    return (Cnn, Resnet18, VitB16, Timm, NoBackbone)
