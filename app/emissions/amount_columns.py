"""Energy and CO2eq as columns of a table, in the units that suit the greatest of its figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from app.emissions.wording import energy_unit, mass_unit
from app.emissions.work import Work


class AmountColumns:
    """The columns of one table; figures are with PUE, as everywhere on the page."""

    def __init__(self, work: Work, devices_kwhs: Iterable[float]) -> None:
        """Finds the units.

        Args:
            work: With PUE and grid.
            devices_kwhs: What the rows took, without PUE.
        """
        found = list(devices_kwhs)
        self._work = work
        self._unit_kwh, self._energy = energy_unit(work.kwh(each) for each in found)
        self._unit_kg, self._mass = mass_unit(work.co2_kg(each) or 0.0 for each in found)

    def energy(self, name: str, devices_kwh: float | None) -> dict[str, float | None]:
        """Gives a cell such as `GPU, Wh`; None leaves it empty."""
        value = None if devices_kwh is None else self._work.kwh(devices_kwh) / self._unit_kwh
        return {f"{name}, {self._energy}": value}

    def co2(self, devices_kwh: float) -> dict[str, float | None]:
        """Gives the cell of CO2eq, which is empty without a grid."""
        co2_kg = self._work.co2_kg(devices_kwh)
        return {f"CO2eq, {self._mass}": None if co2_kg is None else co2_kg / self._unit_kg}

    def config(self, names: Iterable[str]) -> dict[str, Any]:
        """Gives how the columns of amounts among some names are written."""
        endings = f", {self._energy}", f", {self._mass}"
        number = st.column_config.NumberColumn(format="%.3g")
        return {name: number for name in names if name.endswith(endings)}
