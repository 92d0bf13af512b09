"""Write docs/sizes.md: the parameter counts of the seed's walkthrough beside the real ones.

python docs/make_sizes.py
"""

from pathlib import Path

from bczoo.engine.assembly import probe
from bczoo.plugins.actions import Cartesian
from bczoo.plugins.backbones import Cnn, Resnet18
from bczoo.plugins.heads import Mlp
from bczoo.plugins.temporal import Act, NoTemporal
from bczoo.shapes import Action, Obs
from bczoo.spec import PolicySpec

OBS = Obs(steps=1, images={"front": (84, 84, 3)}, state=3)
XYZ = Action(size=3, low=(-1.0,) * 3, high=(1.0,) * 3)
BC = {"temporal": NoTemporal(), "head": Mlp(), "action": Cartesian()}
ACT = {"horizon": 8, "temporal": Act(), "head": Mlp(hidden=(2048, 1024)), "action": Cartesian()}
POLICIES = {
    "BC, CNN": (PolicySpec(backbone=Cnn(), **BC), "~50K", "-", "~270K", "~320K"),
    "BC, ResNet-18": (PolicySpec(backbone=Resnet18(), **BC), "~11M", "-", "~270K", "~11.3M"),
    "ACT, CNN": (PolicySpec(backbone=Cnn(), **ACT), "~50K", "~15M", "-", "~15M"),
    "ACT, ResNet-18": (PolicySpec(backbone=Resnet18(), **ACT), "~11M", "~15M", "-", "~26M"),
}
INTRODUCTION = """\
# Sizes

Parameters of the seed's two architectures as its walkthrough estimates them (seed) and as they are (real), for one
84x84 camera, a state of 3 and an action of 3. Written by `docs/make_sizes.py`; `bczoo check --spec SPEC` prints the
same for any spec.

The CNN with exactly the layers that the walkthrough lists has 112,864 parameters; ~50K cannot be reached with them.
The transformer's feed-forward width is not stated there; 512 comes closest to ~15M.

| policy | backbone, seed | real | temporal, seed | real | head, seed | real | total, seed | real |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
"""


def table() -> str:
    """The whole page."""
    lines = []
    for name, (spec, *said) in POLICIES.items():
        count = {row.part: row.parameters for row in probe(spec, OBS, XYZ)}
        real = [count["backbone"], count["temporal"], count["head"], sum(count.values())]
        cells = [cell for pair in zip(said, (f"{n:,}" for n in real), strict=True) for cell in pair]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return INTRODUCTION + "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("sizes.md").write_text(table(), encoding="utf-8")
