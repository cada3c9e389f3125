"""From kWh to CO2eq, when it is shown: stored energy never changes with the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.emissions.grid_sources import CODECARBON
from core.emissions.grids import Grid, find_grid
from core.emissions.settings import (
    EmissionsSettings,
    emissions_settings,
    store_emissions_settings,
)
from core.errors import ConfigError
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Basis:
    """What CO2eq is computed with.

    Attributes:
        grid: Where the electricity comes from.
        pue: What the building takes for each kWh of the devices.
        embodied_share: Share of the whole footprint that comes from making the hardware, below 1.
    """

    grid: Grid
    pue: float = 1.0
    embodied_share: float = 0.0

    def facility_kwh(self, kwh: float) -> float:
        """What the building took for the devices' `kwh`: kWh × PUE."""
        return kwh * self.pue

    def operational_kg(self, kwh: float) -> float:
        """CO2eq of the electricity, in kg: kWh of the devices × PUE × g/kWh ÷ 1,000."""
        return self.facility_kwh(kwh) * self.grid.g_per_kwh / 1000

    def co2_kg(self, kwh: float) -> float:
        """The whole footprint in kg: operational ÷ (1 − embodied share)."""
        return self.operational_kg(kwh) / (1 - self.embodied_share)

    def embodied_kg(self, kwh: float) -> float:
        """The part that comes from making the hardware, in kg."""
        return self.co2_kg(kwh) - self.operational_kg(kwh)

    @property
    def label(self) -> str:
        """Says it in short: `IRL 2023, PUE 1.2`; a table that is not codecarbon's is named."""
        grid = self.grid
        year = str(grid.year) if grid.year else "year unknown"
        if grid.table == CODECARBON:
            place = f"{grid.code} {grid.year}" if grid.year else f"{grid.code}, {year}"
        else:
            place = f"{grid.code} ({grid.table}, {year})"
        embodied = f", embodied share {self.embodied_share:g}" if self.embodied_share else ""
        return f"{place}, PUE {self.pue:g}{embodied}"


def chosen_basis(workspace: Workspace, *, grid: str = "", pue: float | None = None) -> Basis | None:
    """Gives the basis that was asked for, and the settings' where nothing was asked for.

    Args:
        workspace: Whose settings count.
        grid: Key or name of a grid; "" = that of the settings.
        pue: None = that of the settings.

    Returns:
        None where no grid was ever chosen: then there is energy to tell, but no CO2eq.

    Raises:
        ConfigError: There is no such grid (any more), or the PUE is out of bounds.
    """
    settings = _asked(workspace, pue)
    key = grid or settings.grid
    if not key:
        return None
    try:
        found = find_grid(workspace, key)
    except ConfigError:
        if grid:
            raise
        raise ConfigError(
            f"The grid of the settings, {key!r}, is gone.",
            hint="Choose another one on the page Emissions, or by `python -m core emissions "
            "settings --grid`.",
        ) from None
    return Basis(found, settings.pue, settings.embodied_share)


def chosen_pue(workspace: Workspace, pue: float | None = None) -> float:
    """Gives the PUE that was asked for, or the settings'.

    Raises:
        ConfigError: It is out of bounds.
    """
    return _asked(workspace, pue).pue


def change_settings(workspace: Workspace, **values: Any) -> EmissionsSettings:
    """Stores changed settings of this installation and gives them all.

    A grid may be named as people name it, such as `Ireland`; its key is stored. "" takes it away.

    Raises:
        ConfigError: There is no such grid, or a value is out of bounds.
    """
    if values.get("grid"):
        values["grid"] = find_grid(workspace, values["grid"]).key
    settings = emissions_settings(workspace).changed(**values)
    store_emissions_settings(workspace, settings)
    return settings


def _asked(workspace: Workspace, pue: float | None) -> EmissionsSettings:
    settings = emissions_settings(workspace)
    return settings if pue is None else settings.changed(pue=pue)
