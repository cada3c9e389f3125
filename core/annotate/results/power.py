"""How many more segments it would take to tell two systems apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

POWER = 0.8
LEVEL = 0.05

# Below these the spread of the differences is not known well enough to say anything.
FEWEST_SEGMENTS = 6
# Nobody judges more; systems that would need it are as good as equal.
MOST_SEGMENTS = 20_000


@dataclass(frozen=True)
class PowerHint:
    """What it takes to separate two systems.

    Attributes:
        num_needed: Segments in all, those judged already among them; None where it cannot be
            said, or would be more than `MOST_SEGMENTS`.
        num_more: Segments to judge besides, rounded to two digits; None as `num_needed`.
        reason: Why it cannot be said: `few` segments, `equal` systems, or "".
    """

    num_needed: int | None
    num_more: int | None
    reason: str = ""


def power_hint(differences: npt.NDArray[np.float64]) -> PowerHint:
    """Gives how many segments show a difference as large as this one, four times in five.

    n = ((z_0.95 + z_0.80) sd / mean)^2: the size at which a one-sided paired test at 5 % finds the
    mean difference with a power of 80 %, if it and the spread are what they are now.

    Args:
        differences: Of the two systems on the segments judged for both, (segments,), finite.
    """
    size = len(differences)
    if size < FEWEST_SEGMENTS:
        return PowerHint(None, None, "few")
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    normal = NormalDist()
    factor = normal.inv_cdf(1 - LEVEL) + normal.inv_cdf(POWER)
    # Compared without dividing: the mean may be 0.
    if factor * spread >= math.sqrt(MOST_SEGMENTS) * abs(mean):
        return PowerHint(None, None, "equal")
    needed = max(FEWEST_SEGMENTS, math.ceil((factor * spread / mean) ** 2))
    return PowerHint(needed, _rounded(max(0, needed - size)))


def power_words(better: str, worse: str, hint: PowerHint) -> str:
    """Gives the hint as a sentence about two systems that are not told apart yet."""
    if hint.reason == "few":
        return (
            f"{better} and {worse}: fewer than {FEWEST_SEGMENTS} segments were judged for both, "
            "too few to say how many it would take."
        )
    if hint.num_more is None:
        return (
            f"{better} and {worse} differ so little that even {MOST_SEGMENTS:,} segments would "
            "hardly separate them: take them as equal."
        )
    if hint.num_more == 0:
        return (
            f"{better} and {worse}: there are segments enough for a difference of this size; "
            "tests still do not agree on it, or chance was unkind."
        )
    noun = "segment" if hint.num_more == 1 else "segments"
    return (
        f"About {hint.num_more:,} more {noun} to separate {better} from {worse}, if the "
        "difference stays as it is."
    )


def _rounded(number: int) -> int:
    """Gives a whole number to two digits, rounded up: more would feign precision."""
    if number < 100:
        return number
    step: int = 10 ** (len(str(number)) - 2)
    return math.ceil(number / step) * step
