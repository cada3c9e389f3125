"""A power grid: how much CO2eq a kWh of a place's electricity stands for, and who says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ISO3 = re.compile("[A-Z]{3}")


@dataclass(frozen=True)
class Grid:
    """The electricity of a country or region, in one table.

    Attributes:
        table: Name of the table.
        code: Unique in its table: `IRL`, `USA-CA`, `gcp/europe-west1`, or a name, `Europe`.
        name: As people write it.
        year: Whose electricity it is; None where the table does not say.
        g_per_kwh: CO2eq in grams a kWh, 0 or more.
        source: Who published the figure.
    """

    table: str
    code: str
    name: str
    year: int | None
    g_per_kwh: float
    source: str

    @property
    def key(self) -> str:
        """What finds it again: `codecarbon:IRL`."""
        return f"{self.table}:{self.code}"

    @property
    def label(self) -> str:
        """Name and year, `Ireland 2023`."""
        return f"{self.name} {self.year}" if self.year else f"{self.name}, year unknown"

    @property
    def iso3(self) -> str:
        """The country's code of three letters; "" for a region or a group of countries."""
        return self.code if _ISO3.fullmatch(self.code) else ""


@dataclass(frozen=True)
class GridTable:
    """Grids that were published together.

    Attributes:
        name: Short, as in keys.
        title: For people.
        source: Who published them, and what they mean.
        grids: By name.
    """

    name: str
    title: str
    source: str
    grids: tuple[Grid, ...]
