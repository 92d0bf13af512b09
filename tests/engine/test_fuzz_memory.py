"""Files that claim to be enormous cost neither memory nor time."""

import copy
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from fuzzing import container
from safetensors.torch import save
from test_fuzz_policy import whole  # noqa: F401 - the fixture

from bczoo.engine.tensor_file import sealed

TERA = 10**12

# What is asked for, at which place of the header; parts that the good file does not have are put there whole.
CLAIMS = {
    "hidden widths": ("state", {"spec.policy.head.hidden": [10**9] * 100}),
    "one hidden width": ("state", {"spec.policy.head.hidden": [TERA]}),
    "ten thousand hidden layers": ("state", {"spec.policy.head.hidden": [1] * 10_000}),
    "horizon": ("state", {"spec.policy.horizon": TERA, "spec.data.plan": 0}),
    "horizon of latents": ("chunks", {"spec.policy.horizon": TERA, "spec.data.plan": 0}),
    "steps": ("past", {"spec.policy.steps": TERA, "obs.steps": TERA}),
    "steps within reason": ("past", {"spec.policy.steps": 2**14, "obs.steps": 2**14}),
    "width": ("past", {"spec.policy.temporal.d_model": TERA}),
    "layers": ("past", {"spec.policy.temporal.layers": 10**9}),
    "many wide layers": ("past", {"spec.policy.temporal.layers": 200, "spec.policy.temporal.d_model": 10**6}),
    "encoder layers": ("chunks", {"spec.policy.temporal.encoder_layers": 10**9}),
    "latent": ("chunks", {"spec.policy.temporal.latent": TERA}),
    "recurrent layers": ("images", {"spec.policy.temporal.layers": 10**9}),
    "recurrent width": ("images", {"spec.policy.temporal.hidden": TERA}),
    "steps that no weight depends on": ("images", {"spec.policy.steps": 20_000, "obs.steps": 20_000}),
    "image": ("images", {"obs.images.front": [10**9, 10**9, 3]}),
    "image within reason": ("images", {"obs.images.front": [2**14, 2**14, 3]}),
    "channels": ("images", {"obs.images.front": [6, 8, TERA]}),
    "cameras": ("images", {"obs.images": {f"{index}": [9, 9, 3] for index in range(50_000)}}),
    "separate cameras": (
        "images",
        {
            "obs.images": {f"{index}": [9, 9, 3] for index in range(50_000)},
            "spec.policy.backbone": {"use": "resnet18", "cameras": "separate"},
        },
    ),
    "state": ("state", {"obs.state": TERA}),
    "action": ("state", {"action.size": TERA}),
    "bounds": ("state", {"action.size": 10**5, "action.low": [-1.0] * 10**5, "action.high": [1.0] * 10**5}),
    "patches": ("images", {"spec.policy.backbone": {"use": "vit_b16", "image_size": 2**30}}),
    "resized": ("images", {"spec.policy.backbone": {"use": "timm", "image_size": 2**30}}),
    "keys": ("state", {"spec": {f"k{index}": 0 for index in range(100_000)}}),
    "lists": ("state", {"info": {"a": [[0]] * 400_000}}),
}


@pytest.fixture(scope="module")
def claims(whole, tmp_path_factory):  # noqa: F811
    """A folder with a file for every claim, all with right checksums, and a good one."""
    folder = tmp_path_factory.mktemp("claims")
    (folder / "good").write_bytes(whole["images"].content)
    for name, (base, changes) in CLAIMS.items():
        file = whole[base]
        header = copy.deepcopy(file.header)
        for place, value in changes.items():
            *path, last = place.split(".")
            table = header
            for key in path:
                table = table[key]
            assert last in table
            table[last] = value
        (folder / name).write_bytes(save(file.tensors, {"bczoo": json.dumps(sealed(header, file.tensors))}))
    (folder / "header").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    shape = {"dtype": "F32", "shape": [2**60], "data_offsets": [0, 2**62]}
    (folder / "tensor").write_bytes(container({"x": shape}, b"0" * 64))
    # As large as it says, but most of it is a hole that takes no room on the disk.
    large = {"dtype": "U8", "shape": [TERA], "data_offsets": [0, TERA]}
    header = {**whole["state"].header, "sha256": {}}
    (folder / "hole").write_bytes(container({"__metadata__": {"bczoo": json.dumps(header)}, "x": large}, b""))
    with (folder / "hole").open("r+b") as file:
        file.truncate((folder / "hole").stat().st_size + TERA)
    return folder


CHILD = """
import resource, sys
from pathlib import Path
import test_fuzz_policy
from bczoo.engine.checkpoint import load_policy
from bczoo.errors import BczooError
from bczoo.registry import zoo

def status(what):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024

zoo().add(test_fuzz_policy.TOY_PLUGIN, "toys", "toys", "1.0")
folder = Path(sys.argv[1])
test_fuzz_policy.acts(load_policy(folder / "good"))  # imports everything
resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + 1_500_000_000,) * 2)
before = status("VmHWM")
for path in sorted(folder.iterdir()):
    try:
        load_policy(path)
        said = "loaded"
    except BczooError as error:
        said = str(error)[:300]
    print(path.name, (status("VmHWM") - before) // 10**6, said, sep="|", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and limits the address space")
def test_absurd_sizes_are_refused_without_taking_memory_or_hours(claims):
    helpers = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(claims)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env=os.environ | {"PYTHONPATH": helpers, "OMP_NUM_THREADS": "1"},  # each thread claims address space
    )
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stdout)  # shown when something fails
    found = {
        name: (said, int(megabytes))
        for name, megabytes, said in (line.split("|", 2) for line in done.stdout.splitlines())
    }
    assert found.keys() == {path.name for path in claims.iterdir()}
    assert max(megabytes for _, megabytes in found.values()) < 300
    loaded = {name for name, (said, _) in found.items() if said == "loaded"}
    assert loaded == {"good", "lists"}  # the lists are in `info`, which may hold anything
    for name, (said, _) in found.items():
        assert name in loaded or str(claims / name) in said
