"""What was measured, and what it is shown with: jobs, their states, the grid that was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from app.emissions.recent import recent
from app.problem_views import problem
from app.state import PART, show_part, widget_value
from core.emissions.carbon import Basis, chosen_basis
from core.emissions.energy import JobEnergy
from core.emissions.settings import EmissionsSettings, emissions_settings
from core.errors import ConfigError
from core.storage.workspace import Workspace

DELETED = "deleted"
SETTINGS_PART = "Settings"


@dataclass(frozen=True)
class Work:
    """What the page is about.

    Attributes:
        found: What each job took, the newest first.
        states: State of each job that still exists, by its id.
        settings: How energy is measured and shown here.
        basis: What CO2eq is computed with; None where no grid is chosen, or it is gone.
        grid_problem: Sentence and hint on a chosen grid that is not there any more; else empty.
        searches: Names of the searches that there are, by their ids.
    """

    found: Sequence[JobEnergy]
    states: Mapping[str, str]
    settings: EmissionsSettings
    basis: Basis | None
    grid_problem: tuple[str, str] | None = None
    searches: Mapping[str, str] = field(default_factory=dict)

    @property
    def pue(self) -> float:
        """What the building takes for each kWh of the devices."""
        return self.settings.pue

    def state(self, job_id: str) -> str:
        """Gives the state of a job, `deleted` for one that is gone."""
        return self.states.get(job_id, DELETED)

    def search(self, study_id: str) -> str:
        """Gives what people call a search; the start of its id where it was deleted."""
        return self.searches.get(study_id, study_id[:8])

    def kwh(self, devices_kwh: float) -> float:
        """Gives energy as the page shows it: with PUE."""
        return devices_kwh * self.pue

    def co2_kg(self, devices_kwh: float) -> float | None:
        """Gives the whole footprint, None without a grid."""
        return self.basis.co2_kg(devices_kwh) if self.basis else None

    def of(self, found: Sequence[JobEnergy]) -> Work:
        """Gives the same for some of the jobs."""
        return replace(self, found=found)


def work_of(workspace: Workspace) -> Work:
    """Gives what was measured until some seconds ago, with the settings of this moment."""
    measured = recent(workspace)
    basis, grid_problem = None, None
    try:
        basis = chosen_basis(workspace)
    except ConfigError as error:  # an own table was deleted, or codecarbon's has changed
        grid_problem = error.message, error.hint
    return Work(
        measured.found,
        measured.states,
        emissions_settings(workspace),
        basis,
        grid_problem,
        workspace.studies.names(),
    )


def grid_notice(work: Work) -> None:
    """Invites to choose where the electricity comes from, as long as nobody has."""
    if work.grid_problem:
        problem("The chosen grid is gone", *work.grid_problem)
    elif work.basis is None:
        st.info(
            "Choose where your electricity comes from. Until then energy is shown without CO2eq: "
            "it is not guessed.",
            icon=":material/bolt:",
        )
    if work.basis is None and widget_value(PART) != SETTINGS_PART:
        st.button(
            "Choose the grid",
            icon=":material/tune:",
            key="emissions.choose_grid",
            on_click=show_part,
            args=(SETTINGS_PART,),
        )


def basis_words(work: Work) -> str:
    """Says with what CO2eq is computed, and where the figure comes from."""
    if work.basis is None:
        return "CO2eq needs a grid: choose it under Settings."
    grid = work.basis.grid
    said = f"{grid.label}: {grid.g_per_kwh:.1f} g CO2eq/kWh ({grid.source}); PUE {work.pue:g}"
    if work.basis.embodied_share:
        said += f"; {work.basis.embodied_share:.0%} of the footprint is from making the hardware"
    return f"{said}."


def name_of(energy: JobEnergy) -> str:
    """Gives what people call a job; user text, never Markdown."""
    return energy.title or energy.job_id[:8]
