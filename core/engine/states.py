"""Training states: everything that `bczoo train --resume` needs to go on as if nothing had happened."""

from pathlib import Path
from typing import Any

from bczoo.engine.console import log
from bczoo.engine.tensor_file import FileKind, read_tensors, write_tensors
from bczoo.engine.tree import pack, unpack
from bczoo.errors import BczooError

STATE = FileKind(name="training state", format=1, example="runs/NAME/state/step-000000100.safetensors")


class States:
    """The last `keep` training states of a run, in its folder `state/`."""

    def __init__(self, run_folder: Path, keep: int) -> None:
        self.folder, self.keep = run_folder / "state", keep

    def save(self, step: int, tree: Any) -> None:
        """Write the state after `step` optimiser steps atomically, then remove those beyond the last `keep`.

        Raises BczooError when it cannot be written; the earlier ones are intact then.
        """
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise BczooError(f"cannot create {self.folder}: {error.strerror}; make room for it, then resume") from error
        tensors, table = pack(tree)
        write_tensors(self.folder / f"step-{step:09d}.safetensors", STATE, tensors, {"state": table})
        for old in self._paths()[self.keep :]:
            old.unlink(missing_ok=True)

    def latest(self) -> Any:
        """The newest state that is whole; a damaged one is passed over, saying so. None if there has been no state.

        Raises BczooError if none of several is whole: to begin again would write over what they led to.
        """
        paths = self._paths()
        for path in paths:
            try:
                header, tensors = read_tensors(path, STATE)
                return unpack(tensors, header["state"])
            except (BczooError, KeyError, TypeError, ValueError) as error:
                log.warning(f"{path} cannot be used and is passed over: {error}")
        if paths:
            raise BczooError(
                f"none of the {len(paths)} states in {self.folder} can be used; restore one, "
                "or delete the folder to train from the start"
            )
        return None

    def clear(self) -> None:
        """Remove all states: nothing is left to resume."""
        for path in self._paths():
            path.unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _paths(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("step-*.safetensors"), reverse=True)
