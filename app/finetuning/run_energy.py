"""The section Energy of a run's page: power, sums by phase and device, CO2eq, forecast, budget."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.components.live_charts import live_charts
from app.emissions.wording import (
    DEVICE_NAMES,
    METHOD_COLOURS,
    SHOWN_DEVICES,
    energy_unit,
    method_words,
    scope_words,
)
from app.energy_charts import energy_charts
from app.energy_figures import alarm, budget_use, figures
from app.finetuning.launcher_views import NOT_MEASURED, is_elsewhere
from app.navigation import page_path
from app.text import duration, plain
from core.emissions.amounts import kg_words
from core.emissions.carbon import Basis, chosen_basis
from core.emissions.course import EnergyCourse
from core.emissions.energy import Conditions, JobEnergy
from core.emissions.forecast import Forecast, Steps, forecast
from core.errors import ConfigError
from core.finetune.history import History
from core.jobs.folder import JobState
from core.storage.run_records import Run
from core.storage.workspace import Workspace

FINISHED_POINTS = 800
LIVE_POINTS = 200


def energy(
    workspace: Workspace, run: Run, state: JobState, course: EnergyCourse, history: History
) -> None:
    """Shows what the run took until now, what it will take, and how sure that is."""
    st.subheader("Energy", anchor=False)
    if is_elsewhere(run):
        st.caption(NOT_MEASURED)
        return
    if not course.minutes:
        st.caption(_nothing_yet(state, course))
        return
    has_ended = state.has_ended
    foretold = None if has_ended else foretold_energy(course, history, run)
    job = course.job_energy(run.id, "run", run.name)
    basis = _basis(workspace)
    use = budget_use(run, state, course, foretold)
    figures(course, basis, foretold, use)
    # A container holds its place: charts that moved down would be drawn anew and lose the zoom.
    with st.container():
        if basis is None:
            st.page_link(
                page_path("emissions"),
                label="Choose a grid to see CO2eq",
                icon=":material/eco:",
                query_params={"part": "Settings"},
            )
        alarm(use)
        for warning in course.measured.warnings:
            st.warning(plain(warning), icon=":material/group:")
    _badges(course.measured.conditions)
    st.caption(plain(_how_sure(job)))
    points = FINISHED_POINTS if has_ended else LIVE_POINTS
    live_charts(energy_charts(course, points), key=f"energy-{run.id}", max_points=points)
    if has_ended:
        _phases(job, basis)


def foretold_energy(course: EnergyCourse, history: History, run: Run) -> Forecast | None:
    """Gives what the run will have taken at its end; None before its first epoch is complete."""
    if not history.plan or not history.train.x:
        return None
    an_epoch = int(history.plan["steps_per_epoch"])
    a_round = int(run.settings["eval_every_steps"]) or an_epoch
    steps = Steps(int(history.train.x[-1]), int(history.plan["total_steps"]), an_epoch, a_round)
    return forecast(course, steps)


def _nothing_yet(state: JobState, course: EnergyCourse) -> str:
    if state.has_ended:
        return "Nothing was measured: the run ended at once, or is older than the energy records."
    if course.measured.conditions:
        return "The first reading comes within ten seconds."
    return "Measuring begins about two seconds after the job."


def _basis(workspace: Workspace) -> Basis | None:
    try:
        return chosen_basis(workspace)
    except ConfigError:  # its table was removed: the settings of Emissions say so
        return None


def _badges(conditions: Sequence[Conditions]) -> None:
    """Shows how each device was measured; several badges where the attempts differ."""
    with st.container(horizontal=True, gap="small"):
        for device in SHOWN_DEVICES:
            for method, each in {each.methods.get(device): each for each in conditions}.items():
                if method:
                    st.badge(
                        f"{DEVICE_NAMES[device]} {method}",
                        color=METHOD_COLOURS[method],  # type: ignore[arg-type]
                        help=plain(method_words(device, each)),
                    )


def _how_sure(job: JobEnergy) -> str:
    parts = [f"{scope_words(job.conditions[-1])}." if job.conditions else ""]
    if job.heuristic_share:
        share = f"{job.heuristic_share:.0%} of the energy"
        parts.append(f"{share}, that of the memory, is only guessed from its size.")
    if len(job.conditions) > 1:
        parts.append(f"The {len(job.conditions)} attempts are added up.")
    return " ".join(parts)


def _phases(job: JobEnergy, basis: Basis | None) -> None:
    """Shows the sums by phase as a table; its last row is the total."""
    total = job.total
    unit_kwh, unit = energy_unit([total.energy.total_kwh])
    devices = [each for each in SHOWN_DEVICES if each in job.methods or total.energy.of(each)]
    rows = []
    for name, phase in [*job.phases.items(), ("total", total)]:
        kwh = phase.energy.total_kwh
        row: dict[str, object] = {"Phase": name, "Time": duration(phase.seconds)}
        for each in devices:
            row[f"{DEVICE_NAMES[each]} ({unit})"] = phase.energy.of(each) / unit_kwh
        row[f"Sum ({unit})"] = kwh / unit_kwh
        if basis is not None and basis.pue != 1:
            row[f"PUE {basis.pue:g} ({unit})"] = basis.facility_kwh(kwh) / unit_kwh
        row["Share"] = kwh / total.energy.total_kwh if total.energy.total_kwh else 0.0
        if basis is not None:
            row["CO2eq"] = kg_words(basis.co2_kg(kwh), digits=3)
        rows.append(row)
    number = st.column_config.NumberColumn(format="%.4g")
    config = {name: number for name in rows[0] if name.endswith(f"({unit})")}
    config["Share"] = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key="run.energy",
        column_config=config,
    )
