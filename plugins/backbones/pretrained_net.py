"""Backbones that may start from pretrained weights."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from torch import Tensor, nn

from bczoo.card import card_of
from bczoo.errors import BczooError
from bczoo.plugins.backbones.cameras_net import CameraBackbone, Encoder
from bczoo.plugins.backbones.sources_net import Source
from bczoo.plugins.backbones.weights_net import obtain

COUNTER = (
    "num_batches_tracked"  # batch norm's; published weights may lack it, and with a fixed momentum nothing reads it
)


class PretrainedEncoder(Encoder):
    """An encoder whose network `net` somebody has trained before; `source` is where that is, if anywhere."""

    net: Any  # of a library that does not say its types
    source: Source | None

    @abstractmethod
    def read(self, path: Path, imagenet: bool) -> dict[str, Tensor]:
        """Weights for `net` from a file, the one of `source` if `imagenet`; raises BczooError naming the file."""


class Pretrained(CameraBackbone):
    """A backbone of such encoders, all of which start from the same weights."""

    def load_pretrained(self, options: Any) -> Any:
        """Do what `options.weights` asks for; see Backbone.load_pretrained."""
        encoders = [encoder for encoder in self.encoders if isinstance(encoder, PretrainedEncoder)]
        found = obtain(options.weights, encoders[0].source, card_of(options).name)
        if found is None:
            return attrs.evolve(options, weights="none")
        state = encoders[0].read(found.path, found.imagenet)
        for encoder in encoders:
            encoder.net.load_state_dict(state, strict=False)  # all but the counters has been compared
        self.used_weights = found.record
        return attrs.evolve(options, weights="imagenet") if found.imagenet else options


def checked(path: Path, state: Mapping[str, Tensor], net: nn.Module) -> dict[str, Tensor]:
    """The weights, if they are exactly those of `net`; raises BczooError with the first that is not."""
    given = {name: value for name, value in state.items() if not name.endswith(COUNTER)}
    wanted = {name: value for name, value in net.state_dict().items() if not name.endswith(COUNTER)}
    for name in [*wanted, *sorted(given.keys() - wanted.keys())]:
        here = tuple(given[name].shape) if name in given else "missing"
        there = tuple(wanted[name].shape) if name in wanted else "unknown"
        if here != there:
            raise BczooError(
                f"{path}: these are not weights of this backbone: {name} is {here} in the file, {there} in the "
                "backbone; give a file of the same model, or set weights to none"
            )
    return given
