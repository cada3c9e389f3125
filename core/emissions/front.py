"""Quality against cost: which systems no other one beats in both."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """A system or run in the plane of cost and quality.

    Attributes:
        label: Its name.
        cost: kWh or kg CO2eq; less is better.
        quality: A score; more is better.
    """

    label: str
    cost: float
    quality: float


def pareto_front(points: Iterable[Point]) -> list[Point]:
    """Gives the points that none other beats in one respect without losing in the other.

    They come cheapest first. Equal points stay together; a point without a number is left out.
    """
    known = [each for each in points if math.isfinite(each.cost) and math.isfinite(each.quality)]
    front: list[Point] = []
    for point in sorted(known, key=lambda each: (each.cost, -each.quality)):
        best = front[-1] if front else None
        is_equal = best and (point.cost, point.quality) == (best.cost, best.quality)
        if best is None or point.quality > best.quality or is_equal:
            front.append(point)
    return front
