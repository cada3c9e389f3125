"""What translating takes: local models as they were measured, and the form that measures one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import footprint_llm_views
from app.access.visiting import visitor_name
from app.emissions.wording import (
    ALL_BADGES,
    BADGE_COLOURS,
    badge_words,
    energy_unit,
    mass_unit,
)
from app.emissions.work import Work
from app.errors import shown_to_user
from app.forms import group_fields
from app.navigation import page_path
from app.problem_views import problem, shown_in_place
from app.state import session
from app.text import ago, plain, state_badge
from core.emissions.carbon import Basis, chosen_pue
from core.emissions.inference import Inference, measured, newest_of_each, origin_words
from core.emissions.inference_badges import as_job
from core.serving.versions import preferred
from core.storage.job_records import Job
from core.storage.workspace import Workspace
from core.systems.descriptions import MODEL, local_models
from core.systems.footprint.measurements import (
    Measurement,
    dismiss_measurement,
    measurement_state,
    measurements,
    start_measurement,
    stop_measurement,
)
from core.systems.footprint.measuring_job import AGAIN_HINT
from core.systems.footprint.settings import MeasureSettings
from core.systems.protocol import SystemInfo

INTERVAL_S = 2
OWN_CORPUS = ""
_WORDS = {
    "queued": "Waits until the training or measurement before it has ended.",
    "preparing": "Loads the model into a service of its own and warms up.",
    "translating": "Translates while it is measured.",
    "saving": "Writes down what it took.",
    "stopping": "Ends.",
}


def inference(workspace: Workspace, work: Work) -> None:
    """Shows everything that is known of translating: measured, estimated, and compared."""
    st.caption(
        "What translating takes once a model is there: local models are measured on this machine, "
        "LLMs behind an address are estimated."
    )
    st.subheader("Local models", anchor=False)
    measured_table(workspace, work.basis)
    measure_form(workspace)
    st.subheader("LLMs", anchor=False)
    footprint_llm_views.llm_estimates(workspace, work.basis)
    st.subheader("When fine-tuning has paid for itself", anchor=False)
    footprint_llm_views.break_even_view(workspace, work.basis)


def measured_table(workspace: Workspace, basis: Basis | None) -> None:
    """Shows the newest measurement of each version of each local model."""
    found = newest_of_each(measured(workspace))
    if not found:
        st.info(
            "No local model was measured yet. A measurement serves the model by itself, warms it "
            "up, then translates a test set for half a minute and counts what that takes."
        )
        return
    pue = basis.pue if basis else chosen_pue(workspace)
    kwhs = [each.kwh_per_million_characters for each in found]
    energy = energy_unit(kwh * pue for kwh in kwhs)
    mass = mass_unit(basis.co2_kg(kwh) if basis else 0 for kwh in kwhs)
    rows = [_row(each, basis, pue, energy, mass) for each in found]
    number = st.column_config.NumberColumn(format="%.3g")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="emissions.measured",
        alt="What translating with local models was measured to take",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True, width=170),
            "Found by": st.column_config.MultiselectColumn(
                options=ALL_BADGES, color=BADGE_COLOURS, width=220
            ),
            "Guessed": st.column_config.NumberColumn(
                format="percent", help="The share that is guessed from the size of the memory."
            ),
            "At once": st.column_config.NumberColumn(
                help="Segments that were under way at the same time, as in a batch translation."
            ),
            **{name: number for name in rows[0] if ", " in name or name == "Segments/s"},
        },
    )
    st.caption(plain(basis.label if basis else f"PUE {pue:g}; CO2eq needs a grid"))
    for each in found:
        for warning in each.warnings:
            st.text(f"{footprint_llm_views.label_of(each)}: {warning}")


def _row(
    each: Inference,
    basis: Basis | None,
    pue: float,
    energy: tuple[float, str],
    mass: tuple[float, str],
) -> dict[str, object]:
    factor, unit = energy
    of_kg, kg_unit = mass
    segments, characters = each.kwh_per_1000_segments, each.kwh_per_million_characters
    return {
        "Model": each.name,
        "Version": each.version[:8],
        "Stored as": each.quantization,
        f"1,000 segments, {unit}": segments * pue / factor,
        f"Million characters, {unit}": characters * pue / factor,
        f"CO2eq of 1,000 segments, {kg_unit}": basis.co2_kg(segments) / of_kg if basis else None,
        f"CO2eq of a million, {kg_unit}": basis.co2_kg(characters) / of_kg if basis else None,
        "Segments/s": each.translated.segments_per_s,
        "At once": each.batching.get("segments_at_once"),
        "Beam size": each.batching.get("num_beams"),
        "Found by": badge_words(as_job(each)),
        "Guessed": each.heuristic_share,
        "How": origin_words(each),
        "Measured": ago(each.created_at),
    }


def measure_form(workspace: Workspace) -> None:
    """Shows the measurements at work, those that failed, and the form for another one."""
    for each in measurements(workspace):
        _measurement(workspace, each)
    systems = _measurable(workspace)
    if not systems:
        st.caption("A model must be prepared before it can be measured.")
        st.page_link(page_path("deploy"), label="Prepare a model", icon=":material/cloud_upload:")
        return
    corpora = {corpus.id: corpus for corpus in workspace.corpora.all() if corpus.num_test}
    key = f"emissions.measure.{session().form_version}"
    with st.expander("Measure a model", icon=":material/speed:"):
        left, right = st.columns(2)
        with left:
            system = st.selectbox(
                "Model",
                list(systems),
                format_func=lambda each: systems[each].name,
                key=f"{key}.system",
                help="The version that is asked for translations is measured.",
            )
        with right:
            corpus = st.selectbox(
                "Test split of",
                [OWN_CORPUS, *corpora],
                format_func=lambda each: corpora[each].name if each else "The run's own corpus",
                key=f"{key}.corpus",
                help="Real segments, again and again. Of a base model: the newest that fits.",
            )
        values: dict[str, Any] = {"system": system, "corpus": corpus or ""}
        values |= group_fields(MeasureSettings, ["seconds"], {}, key=key)
        if st.button(
            "Measure",
            type="primary",
            icon=":material/speed:",
            key=f"{key}.go",
            help="It waits until no training runs. What else computes meanwhile is told.",
        ):
            _start(workspace, values)


def _start(workspace: Workspace, values: dict[str, Any]) -> None:
    with shown_in_place("The measurement was not started"):
        settings = MeasureSettings.parse(values)
        started = start_measurement(workspace, settings, by=visitor_name())
        session().form_version += 1
        session().notice = f"Measuring {started.plan.name}."
        st.rerun()


def _measurable(workspace: Workspace) -> dict[str, SystemInfo]:
    """Gives the local models that have a version to be asked, by id."""
    ready = {f"{MODEL}:{each.model}" for each in preferred(workspace.versions.all())}
    return {info.id: info for info in local_models(workspace) if info.id in ready}


def _measurement(workspace: Workspace, each: Measurement) -> None:
    """Shows one that is at work, live; of those that ended only what failed."""
    job = each.job
    if job.state in ("finished", "stopped"):  # figures, or what somebody wanted
        return
    if job.has_ended:
        _failed(workspace, job)
        return
    with st.container(border=True):
        st.text(f"{job.title} · {each.plan.seconds:g} s after the warm-up")
        _live(workspace, job.id)
        with shown_in_place():
            if st.button("Stop", icon=":material/stop:", key=f"emissions.measure.stop.{job.id}"):
                stop_measurement(workspace, job.id)
                session().notice = f"Asked the measurement of {job.title} to stop."
                st.rerun()


def _failed(workspace: Workspace, job: Job) -> None:
    state = measurement_state(workspace, job.id)
    title = f"{plain(job.title)} was not measured"
    problem(title, job.reason or state.reason, state.hint or AGAIN_HINT, state.detail)
    with shown_in_place():
        if st.button(
            "Dismiss",
            icon=":material/close:",
            key=f"emissions.measure.dismiss.{job.id}",
            help="Takes this message and the files behind it away; what it took stays counted.",
        ):
            dismiss_measurement(workspace, job.id)
            st.rerun()


@st.fragment(run_every=INTERVAL_S)
def _live(workspace: Workspace, measurement_id: str) -> None:
    with shown_to_user():
        job = workspace.jobs.get(measurement_id)
        if job is None or job.has_ended:  # the record comes last: by then the figures are there
            st.rerun()
        state = measurement_state(workspace, measurement_id)
        state_badge(state.state)
        done, total = state.progress.get("step", 0), state.progress.get("total_steps", 0)
        share = min(done / total, 1.0) if total and state.state == "translating" else 0.0
        st.progress(share, text=_WORDS.get(state.state, ""))
