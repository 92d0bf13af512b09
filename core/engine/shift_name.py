"""How a shift is written; needs neither torch nor an env, so that reports read it from files."""

import attrs


@attrs.frozen
class Shift:
    """A shift by name, and how strong it is: 1 as described, 2 twice as much."""

    name: str
    strength: float = 1.0

    def __str__(self) -> str:
        """NAME or NAME=STRENGTH, which reads back as the same."""
        return self.name if self.strength == 1.0 else f"{self.name}={float(self.strength)!r}".removesuffix(".0")
