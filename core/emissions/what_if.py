"""What the same work would have cost elsewhere: the grid changes, the energy does not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.emissions.carbon import Basis
from core.emissions.grids import Grid


@dataclass(frozen=True)
class WhatIf:
    """The work on another grid.

    Attributes:
        grid: Where.
        co2_kg: The whole footprint there.
        ratio: To the base, or to the lowest where there is no base; infinite where that has none.
    """

    grid: Grid
    co2_kg: float
    ratio: float


def what_if(
    kwh: float,
    grids: Sequence[Grid],
    *,
    pue: float = 1.0,
    embodied_share: float = 0.0,
    base: Basis | None = None,
) -> list[WhatIf]:
    """Computes the same energy on several grids, the lowest first.

    Args:
        kwh: Of the devices, without PUE.
        grids: Where.
        pue: Of the building there.
        embodied_share: Of the whole footprint on each grid: the share stays, not the kg.
        base: What is compared with; None = the lowest of the grids.
    """
    found = sorted(
        ((grid, Basis(grid, pue, embodied_share).co2_kg(kwh)) for grid in grids),
        key=lambda pair: (pair[1], pair[0].name),
    )
    if not found:
        return []
    base_kg = found[0][1] if base is None else base.co2_kg(kwh)
    return [WhatIf(grid, kg, _ratio(kg, base_kg)) for grid, kg in found]


def _ratio(kg: float, base_kg: float) -> float:
    if base_kg:
        return kg / base_kg
    return math.inf if kg else 1.0
