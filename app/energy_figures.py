"""The figures of a run's energy: what it took, CO2eq, the forecast, and its budget."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.text import duration, plain
from core.emissions.amounts import kg_words, kwh_words
from core.emissions.budget import BudgetAction, budget_sentence, budget_state
from core.emissions.carbon import Basis
from core.emissions.course import EnergyCourse
from core.emissions.forecast import Forecast
from core.jobs.folder import JobState
from core.storage.run_records import Run


@dataclass(frozen=True)
class BudgetUse:
    """What the present attempt of a run took of its budget.

    Attributes:
        used_kwh: What it took.
        forecast_kwh: What it will have taken at its end; None while nobody can say.
        budget_kwh: What it may take; 0 = no budget.
        action: What happens above it.
        is_resumed: Whether it is not the first attempt.
        has_ended: Whether the run has ended.
    """

    used_kwh: float
    forecast_kwh: float | None
    budget_kwh: float
    action: BudgetAction
    is_resumed: bool
    has_ended: bool


def budget_use(
    run: Run, state: JobState, course: EnergyCourse, foretold: Forecast | None
) -> BudgetUse:
    """Gives what the present attempt took of the run's budget."""
    # A resumed attempt waits in the queue, and is measured some seconds after it began; until then
    # the last lines are those of the attempt before.
    is_old = not state.is_active or course.measured.ended_at < (state.started_at or "")
    is_unmeasured = is_old and not state.has_ended
    used_kwh = 0.0 if is_unmeasured else course.attempt_kwh
    earlier_kwh = course.total_kwh - used_kwh
    return BudgetUse(
        used_kwh=used_kwh,
        forecast_kwh=foretold.kwh - earlier_kwh if foretold else None,
        budget_kwh=float(run.settings.get("energy_budget_kwh", 0.0)),
        action=run.settings.get("budget_action", "warn"),
        is_resumed=is_unmeasured or course.measured.num_attempts > 1,
        has_ended=state.has_ended,
    )


def figures(
    course: EnergyCourse, basis: Basis | None, foretold: Forecast | None, use: BudgetUse
) -> None:
    """Shows the sums, the forecast of a run that goes on, and how much of its budget is used.

    Energy is told as the page Emissions tells it: with the PUE that CO2eq is computed with, so
    that one can be checked by the other. A budget is one of the devices.
    """
    columns = iter(st.columns(2 + (not use.has_ended) + (use.budget_kwh > 0)))
    so_far = "" if use.has_ended else " so far"
    with next(columns):
        figure(
            f"Energy{so_far}",
            _facility_words(course.total_kwh, basis),
            f"in {duration(course.measured.total.seconds)}{_pue_note(basis)}",
            _energy_help(course.total_kwh, basis),
        )
    with next(columns):
        _co2_figure(f"CO2eq{so_far}", course.total_kwh, basis)
    if not use.has_ended:
        with next(columns):
            _forecast_figure(foretold, basis)
    if use.budget_kwh > 0:
        with next(columns):
            share = f"{use.used_kwh / use.budget_kwh:.0%}"
            since = ", since it was resumed" if use.is_resumed else ""
            note = f"of {kwh_words(use.budget_kwh)}, without PUE{since}"
            help_text = "Counts kWh of the devices without PUE, and each resumed attempt anew."
            figure("Budget used", share, note, help_text)


def _co2_figure(label: str, kwh: float, basis: Basis | None) -> None:
    if basis is None:
        help_text = "CO2eq depends on where the electricity comes from; nothing is assumed."
        figure(label, "–", "no grid chosen", help_text)
        return
    kg = kg_words(basis.co2_kg(kwh), digits=3)
    grid = basis.grid
    help_text = f"{grid.label}: {grid.g_per_kwh:.1f} g/kWh ({grid.source}). Change it on Emissions."
    figure(label, kg, basis.label, help_text)


def _facility_words(devices_kwh: float, basis: Basis | None) -> str:
    return kwh_words(basis.facility_kwh(devices_kwh) if basis else devices_kwh, digits=3)


def _pue_note(basis: Basis | None) -> str:
    return f", with PUE {basis.pue:g}" if basis and basis.pue != 1 else ""


def _energy_help(devices_kwh: float, basis: Basis | None) -> str:
    devices = kwh_words(devices_kwh, digits=3)
    if basis is None:
        return "What processor, memory and GPUs took: without PUE."
    return f"What processor, memory and GPUs took, {devices}, × PUE {basis.pue:g}."


def _forecast_figure(foretold: Forecast | None, basis: Basis | None) -> None:
    label = "Forecast at the end"
    if foretold is None:
        help_text = "Epochs resemble each other: the first tells of the rest."
        figure(label, "–", "after the first epoch", help_text)
        return
    low, high = (_facility_words(each, basis) for each in (foretold.low_kwh, foretold.high_kwh))
    note = "no range yet"
    help_text = "From what training and evaluation took a step so far."
    if foretold.num_rounds > 1:
        note = f"{low} to {high}" if low != high else "all rounds alike"
        help_text += (
            " The range: if the rest is like the cheapest or the dearest of "
            f"{foretold.num_rounds} rounds of training and evaluation."
        )
    help_text += " The idea is Carbontracker's, arXiv 2007.03051."
    note += _pue_note(basis)
    figure(label, _facility_words(foretold.kwh, basis), note, help_text)


def figure(label: str, value: str, note: str, help_text: str) -> None:
    """Shows one figure with a note below it; user text in them is shown as it is."""
    st.metric(
        label,
        value,
        delta=plain(note),
        delta_color="off",
        delta_arrow="off",
        border=True,
        help=plain(help_text) or None,
        height="stretch",
    )


def alarm(use: BudgetUse) -> None:
    """Says in plain words that the run has passed its budget, or will."""
    state = budget_state(use.used_kwh, use.forecast_kwh, use.budget_kwh)
    if state not in ("forecast above", "above"):
        return
    text = budget_sentence(
        use.used_kwh,
        use.forecast_kwh,
        use.budget_kwh,
        use.action,
        is_resumed=use.is_resumed,
        has_ended=use.has_ended,
    )
    show = st.warning if state == "forecast above" or use.has_ended else st.error
    show(plain(text), icon=":material/bolt:")
