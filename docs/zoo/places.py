"""Where ZOO.md lies, and what belongs to it."""

from pathlib import Path
from typing import Final

import attrs


@attrs.frozen
class Places:
    """The page and its files in `root`, a folder that is laid out as the repository is."""

    root: Path

    @property
    def page(self) -> Path:
        """The page itself."""
        return self.root / "ZOO.md"

    @property
    def records(self) -> Path:
        """The folder of the records."""
        return self.root / "docs" / "zoo"

    @property
    def pictures(self) -> Path:
        """The folder of the plots."""
        return self.root / "docs" / "assets"

    @property
    def policies(self) -> Path:
        """The folder of the policies that come with bczoo."""
        return self.root / "core" / "policies"

    def make(self) -> None:
        """Make the folders that are not there."""
        for folder in (self.records, self.pictures, self.policies):
            folder.mkdir(parents=True, exist_ok=True)


REPOSITORY: Final = Places(Path(__file__).parents[2])
