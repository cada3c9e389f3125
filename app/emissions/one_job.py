"""One job from near: the sentence for a paper, its phases, comparisons, how it was measured."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.emissions.badges import method_badge
from app.emissions.job_table import JOB
from app.emissions.wording import (
    DEVICE_NAMES,
    SHOWN_DEVICES,
    attempts_words,
    energy_unit,
    method_words,
    scope_words,
)
from app.emissions.work import DELETED, Work, name_of
from app.navigation import page_path
from app.text import STATE_COLOURS, duration, moment, plain, state_badge
from core.emissions.amounts import co2_words, kg_words, kwh_words, two_digits
from core.emissions.energy import Conditions, JobEnergy
from core.emissions.equivalences import equivalences
from core.emissions.legacy import legacy_estimate
from core.emissions.sentence import sentence
from core.storage.workspace import Workspace

_LEGACY = (
    "The original notebook read the power of each GPU once, after training, and multiplied it with "
    "the time. It knew neither processors nor memory nor PUE; here all GPUs are summed."
)


def one_job(workspace: Workspace, work: Work) -> None:
    """Shows the job that was chosen; the newest one at first."""
    by_id = {each.job_id: each for each in work.found}
    st.subheader("One job", anchor=False)
    chosen = st.selectbox(
        "Job",
        list(by_id),
        format_func=lambda each: _label(by_id[each]),
        key=JOB,
        persist_state="session",
        label_visibility="collapsed",
    )
    if chosen is None:
        return
    energy = by_id[chosen]
    _head(energy, work)
    for warning in energy.warnings:
        st.warning(plain(warning), icon=":material/warning:")
    st.caption("The sentence for a paper")
    st.code(sentence(energy, work.basis, pue=work.pue), language=None, wrap_lines=True)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _phases(energy, work)
        _legacy(workspace, energy, work)
    with right:
        _equivalences(energy, work)
        _methods(energy)


def _label(energy: JobEnergy) -> str:
    return f"{name_of(energy)} · {energy.kind} · {moment(energy.started_at)}"


def _head(energy: JobEnergy, work: Work) -> None:
    state = work.state(energy.job_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        if state == DELETED:
            st.badge(state, color="gray", help="The job was deleted; what it took stays.")
        elif state in STATE_COLOURS:
            state_badge(state)
        if energy.kind == "run" and state != DELETED:
            st.page_link(
                page_path("run"),
                label="Open the run",
                icon=":material/open_in_new:",
                query_params={"id": energy.job_id},
            )


def _phases(energy: JobEnergy, work: Work) -> None:
    st.markdown("**By phase**")
    total = energy.total
    factor, unit = energy_unit([work.kwh(total.energy.total_kwh)])
    rows = [
        {
            "Phase": name,
            "Time": duration(phase.seconds),
            f"Energy, {unit}": work.kwh(phase.energy.total_kwh) / factor,
            **{
                f"{DEVICE_NAMES[device]}, {unit}": work.kwh(phase.energy.of(device)) / factor
                for device in SHOWN_DEVICES
                if device in energy.methods or total.energy.of(device)
            },
            "Mean W": phase.power.total_w,
        }
        for name, phase in [*energy.phases.items(), ("all", total)]
    ]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key=f"emissions.phases.{energy.job_id}",
        column_config={
            name: number(format="%.1f" if name == "Mean W" else "%.3g")
            for name in rows[0]
            if name not in ("Phase", "Time")
        },
    )
    notes = [f"Energy with PUE {work.pue:g}, power without."] if work.pue != 1 else []
    if work.basis and work.basis.embodied_share:
        kwh = total.energy.total_kwh
        notes.append(
            f"{co2_words(work.basis.co2_kg(kwh))}: {kg_words(work.basis.operational_kg(kwh))} from "
            f"electricity, {kg_words(work.basis.embodied_kg(kwh))} from making the hardware."
        )
    if notes:
        st.caption(" ".join(notes))


def _equivalences(energy: JobEnergy, work: Work) -> None:
    kwh = energy.total.energy.total_kwh
    st.markdown("**As much as**")
    for each in equivalences(work.kwh(kwh), work.co2_kg(kwh)):
        st.text(each.text)
        st.caption(plain(each.source))


def _methods(energy: JobEnergy) -> None:
    st.markdown("**How it was measured**")
    kinds: dict[str, list[int]] = {}
    by_words: dict[str, Conditions] = {}
    for number, each in enumerate(energy.conditions, start=1):
        words = repr(each)
        by_words[words] = each
        kinds.setdefault(words, []).append(number)
    for words, numbers in kinds.items():
        _condition(by_words[words], attempts_words(numbers, len(energy.conditions)))
    if not kinds:
        st.caption("Nothing is known of how it was measured.")
    if energy.heuristic_share:
        st.caption(
            f"{energy.heuristic_share:.0%} of its energy is guessed from the size of the memory."
        )


def _condition(conditions: Conditions, attempts: str) -> None:
    if attempts:
        st.caption(attempts)
    for device in SHOWN_DEVICES:
        if device in conditions.methods:
            method_badge(device, conditions.methods[device])
            st.text(method_words(device, conditions))
    st.text(f"{scope_words(conditions)}.")


def _legacy(workspace: Workspace, energy: JobEnergy, work: Work) -> None:
    if energy.kind != "run":
        return
    g_per_kwh = work.basis.grid.g_per_kwh if work.basis else None
    folder = workspace.run_folder(energy.job_id)
    found = legacy_estimate(energy, folder, g_per_kwh=g_per_kwh)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown("**Legacy estimate**", width="content")
        st.badge("estimate", color="orange", help="One reading of each GPU, for the whole time.")
    if found is None and not folder.exists():
        st.text("The run's samples were deleted with it.")
    elif found is None:
        st.text("None: no GPU's power was read in this run, and the formula knows nothing else.")
    else:
        kg = "" if found.co2_kg is None else f", {co2_words(found.co2_kg)}"
        watts = " + ".join(f"{each:g}" for each in found.gpu_powers_w)
        st.text(f"{kwh_words(found.kwh)}{kg} = {watts} W × {duration(found.seconds)}")
        ours_kwh = energy.total.energy.total_kwh
        times = f", {two_digits(ours_kwh / found.kwh)} times as much" if found.kwh else ""
        st.text(f"Ours, without PUE: {kwh_words(ours_kwh)}{times}")
    st.caption(_LEGACY)
