"""How energy is measured here, and what its CO2 is computed with: declared once."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.settings import Settings
from core.storage.workspace import Workspace

PREFERENCE = "emissions"


def _field(default: Any, description: str, group: str, **bounds: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"group": group}, **bounds)


class EmissionsSettings(Settings):
    """What holds for all jobs of this installation; records of energy do not depend on it."""

    version: Literal[1] = 1
    grid: str = _field(
        "",
        "Where the electricity comes from: table and code, such as codecarbon:IRL. Empty: energy "
        "is shown, CO2eq is not.",
        "Grid",
        max_length=120,
        title="Grid",
    )
    pue: float = _field(
        1.0,
        "Power usage effectiveness: what the whole building takes for each kWh of the machine. "
        "1.0 under a desk, 1.1 to 1.6 in a data centre.",
        "Grid",
        ge=1.0,
        le=10.0,
        title="PUE",
    )
    embodied_share: float = _field(
        0.0,
        "Share of the whole footprint that comes from making the hardware; 0 leaves it out.",
        "Grid",
        ge=0.0,
        le=0.9,
        title="Embodied share",
    )
    mode: Literal["process", "machine"] = _field(
        "process",
        "Process: processor and memory of the job's own processes. Machine: of the whole host; "
        "only for one that does nothing else.",
        "Measuring",
        title="What is measured",
    )
    cpu_power_w: float = _field(
        0.0,
        "Nominal power of the processor at full load, in watts; 0 looks it up or guesses it.",
        "Measuring",
        ge=0.0,
        le=10_000.0,
        title="Processor power (W)",
    )
    ram_power_w: float = _field(
        0.0,
        "Power of the memory, in watts; 0 guesses it from its size.",
        "Measuring",
        ge=0.0,
        le=10_000.0,
        title="Memory power (W)",
    )


def emissions_settings(workspace: Workspace) -> EmissionsSettings:
    """Gives the settings of this installation; the defaults where nobody has chosen any."""
    return EmissionsSettings.parse(workspace.preferences.get(PREFERENCE))


def store_emissions_settings(workspace: Workspace, settings: EmissionsSettings) -> None:
    """Stores the settings of this installation."""
    workspace.preferences.put(PREFERENCE, settings.model_dump())
