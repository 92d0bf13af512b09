"""How sure a rate is: the Wilson interval. Needs no torch, so that evaluations are compared without it."""

import math
from typing import Final

Z95: Final = 1.959963984540054  # two-sided 95 % of the standard normal


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95 % Wilson score interval of a rate (Wilson 1927); sound at 0 and at n too."""
    rate, z2 = successes / n, Z95**2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    # Rounding must not push a bound past the rate itself.
    return max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half))
