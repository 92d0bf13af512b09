"""What `pip install -e FOLDER` leaves behind, without pip's network and builds; tests/docs puts it on the path as pip.

editable.py install -e 'FOLDER[EXTRAS]'
"""

import os
import sys
import tomllib
from pathlib import Path


def install(folder, site):
    """Put the packages under FOLDER/src, and the metadata by which bczoo finds them, onto the path."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    for package in (folder / "src").iterdir():
        (site / package.name).symlink_to(package.resolve())
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    points = "\n".join(f"{plugin} = {module}" for plugin, module in project["entry-points"]["bczoo"].items())
    (info / "entry_points.txt").write_text(f"[bczoo]\n{points}\n", encoding="utf-8")


if __name__ == "__main__":
    command, editable, target = sys.argv[1:]
    if (command, editable) != ("install", "-e"):
        sys.exit(f"tests/docs only has pip install -e FOLDER, not pip {' '.join(sys.argv[1:])}")
    install(Path(target.partition("[")[0]), Path(os.environ["PYTHONPATH"]))
