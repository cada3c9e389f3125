"""The section Energy of a run's page: power, sums by phase and device, CO2eq, forecast, budget."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.components.live_charts import live_charts
from app.energy_charts import NAMES, energy_charts
from app.text import duration, plain
from core.emissions.amounts import kg_words, kwh_words
from core.emissions.budget import budget_sentence, budget_state
from core.emissions.carbon import Basis, chosen_basis
from core.emissions.course import EnergyCourse
from core.emissions.energy import DEVICES, Conditions, Device, JobEnergy, Method, meaning_of
from core.emissions.forecast import Forecast, Steps, forecast
from core.errors import ConfigError
from core.finetune.history import History
from core.jobs.folder import JobState
from core.storage.run_records import Run
from core.storage.workspace import Workspace

FINISHED_POINTS = 800
LIVE_POINTS = 200
_COLOURS: dict[Method, str] = {
    "counter": "green",
    "sampled": "green",
    "load model": "blue",
    "constant": "violet",
    "heuristic": "orange",
}


def energy(
    workspace: Workspace, run: Run, state: JobState, course: EnergyCourse, history: History
) -> None:
    """Shows what the run took until now, what it will take, and how sure that is."""
    st.subheader("Energy", anchor=False)
    if not course.minutes:
        st.caption(_nothing_yet(state, course))
        return
    has_ended = state.has_ended
    foretold = None if has_ended else foretold_energy(course, history, run)
    job = course.job_energy(run.id, "run", run.name)
    basis = _basis(workspace)
    _figures(course, basis, foretold, run, has_ended=has_ended)
    _alarm(course, foretold, run, has_ended=has_ended)
    for warning in course.measured.warnings:
        st.warning(plain(warning), icon=":material/group:")
    _badges(course.measured.conditions)
    st.caption(plain(_how_sure(job, course)))
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


def _figures(
    course: EnergyCourse,
    basis: Basis | None,
    foretold: Forecast | None,
    run: Run,
    *,
    has_ended: bool,
) -> None:
    budget_kwh = float(run.settings.get("energy_budget_kwh", 0.0))
    count = 2 + (not has_ended) + (budget_kwh > 0)
    columns = iter(st.columns(count))
    so_far = "" if has_ended else " so far"
    with next(columns):
        time = duration(course.measured.total.seconds)
        _figure(
            f"Energy{so_far}",
            kwh_words(course.total_kwh, digits=3),
            f"in {time}",
            "What processor, memory and GPUs took: without PUE.",
        )
    with next(columns):
        _co2_figure(f"CO2eq{so_far}", course.total_kwh, basis)
    if not has_ended:
        with next(columns):
            _forecast_figure(foretold)
    if budget_kwh > 0:
        with next(columns):
            used = f"{course.attempt_kwh / budget_kwh:.0%}"
            help_text = "Counts kWh of the devices without PUE, and each resumed attempt anew."
            since = ", since it was resumed" if course.measured.num_attempts > 1 else ""
            _figure("Budget used", used, f"of {budget_kwh:g} kWh{since}", help_text)


def _co2_figure(label: str, kwh: float, basis: Basis | None) -> None:
    if basis is None:
        help_text = "CO2eq depends on where the electricity comes from; nothing is assumed."
        _figure(label, "–", "choose a grid on Emissions", help_text)
        return
    kg = kg_words(basis.co2_kg(kwh), digits=3)
    grid = basis.grid
    help_text = f"{grid.label}: {grid.g_per_kwh:.1f} g/kWh ({grid.source}). Change it on Emissions."
    _figure(label, kg, basis.label, help_text)


def _forecast_figure(foretold: Forecast | None) -> None:
    label = "Forecast at the end"
    if foretold is None:
        help_text = "Epochs resemble each other: the first tells of the rest."
        _figure(label, "–", "after the first epoch", help_text)
        return
    low, high = (kwh_words(each, digits=3) for each in (foretold.low_kwh, foretold.high_kwh))
    note = "no range yet"
    if foretold.num_rounds > 1:
        note = f"{low} to {high}" if low != high else "all rounds alike"
    help_text = (
        "From what training and evaluation took a step. The range is that of the cheapest and the "
        f"dearest of {foretold.num_rounds} rounds of training and evaluation so far. After "
        "Carbontracker, arXiv 2007.03051."
    )
    _figure(label, kwh_words(foretold.kwh, digits=3), note, help_text)


def _figure(label: str, value: str, note: str, help_text: str) -> None:
    st.metric(
        label,
        value,
        delta=plain(note),
        delta_color="off",
        delta_arrow="off",
        border=True,
        help=plain(help_text),
        height="stretch",
    )


def _alarm(course: EnergyCourse, foretold: Forecast | None, run: Run, *, has_ended: bool) -> None:
    earlier_kwh = course.total_kwh - course.attempt_kwh
    forecast_kwh = foretold.kwh - earlier_kwh if foretold and not has_ended else None
    budget_kwh = float(run.settings.get("energy_budget_kwh", 0.0))
    state = budget_state(course.attempt_kwh, forecast_kwh, budget_kwh)
    if state not in ("forecast above", "above"):
        return
    text = budget_sentence(
        course.attempt_kwh,
        forecast_kwh,
        budget_kwh,
        run.settings.get("budget_action", "warn"),
        is_resumed=course.measured.num_attempts > 1,
        has_ended=has_ended,
    )
    show = st.warning if state == "forecast above" or has_ended else st.error
    show(plain(text), icon=":material/bolt:")


def _badges(conditions: Sequence[Conditions]) -> None:
    """Shows how each device was measured; several badges where the attempts differ."""
    with st.container(horizontal=True, gap="small"):
        for device in DEVICES:
            for method, each in {each.methods.get(device): each for each in conditions}.items():
                if method:
                    st.badge(
                        f"{NAMES[device]}: {method}",
                        color=_COLOURS[method],  # type: ignore[arg-type]
                        help=plain(_meaning(device, method, each)),
                    )


def _meaning(device: Device, method: Method, conditions: Conditions) -> str:
    what = f"Its energy is {meaning_of(method)}."
    if device == "gpu" and conditions.gpus:
        what += f" {', '.join(conditions.gpus)}; whole devices, whoever used them."
    if device == "cpu" and conditions.cpu_model:
        what += f" {conditions.cpu_model}"
        watts = conditions.cpu_power_w
        what += f", {watts:g} W." if watts else "."
    return what


def _how_sure(job: JobEnergy, course: EnergyCourse) -> str:
    last = course.measured.conditions[-1] if course.measured.conditions else Conditions()
    whose = "of the run's own processes" if last.mode == "process" else "of the whole machine"
    parts = [f"Processor and memory {whose}, measured by {last.measured_by or 'an unknown meter'}."]
    if any(each.is_cpu_whole for each in course.measured.conditions):
        parts.append("The processor's counter is that of the whole processor, whoever used it.")
    if not last.is_cpu_power_known and last.cpu_power_w:
        parts.append(
            f"The processor's nominal power, {last.cpu_power_w:g} W, is a guess from its cores."
        )
    if job.heuristic_share:
        share = f"{job.heuristic_share:.0%} of the energy"
        parts.append(f"{share}, that of the memory, is only guessed from its size.")
    if course.measured.num_attempts > 1:
        parts.append(f"The {course.measured.num_attempts} attempts are added up.")
    return " ".join(parts)


def _phases(job: JobEnergy, basis: Basis | None) -> None:
    """Shows the sums by phase as a table; its last row is the total."""
    total = job.total
    is_large = total.energy.total_kwh >= 1
    unit, factor = ("kWh", 1.0) if is_large else ("Wh", 1000.0)
    devices = [device for device in DEVICES if device in job.methods or total.energy.of(device)]
    rows = []
    for name, phase in [*job.phases.items(), ("total", total)]:
        kwh = phase.energy.total_kwh
        row: dict[str, object] = {"Phase": name, "Time": duration(phase.seconds)}
        row |= {f"{NAMES[each]} ({unit})": factor * phase.energy.of(each) for each in devices}
        row[f"Sum ({unit})"] = factor * kwh
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
