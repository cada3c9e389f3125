"""Overview: what all the work of a period took, by whatever it is grouped, and job by job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.emissions.charts import totals_chart
from app.emissions.job_table import job_table
from app.emissions.one_job import one_job
from app.emissions.period import jobs_of_period
from app.emissions.wording import energy_unit
from app.emissions.work import DELETED, Work, basis_words
from app.navigation import page_path
from app.text import counted, duration, plain
from core.emissions.amounts import co2_words, kwh_words
from core.emissions.energy import Energy
from core.emissions.totals import GROUPINGS, Total, grand_total, totals
from core.storage.job_records import ACTIVE
from core.storage.workspace import Workspace

MOST_BARS = 20
_UNFINISHED = ("failed", "stopped", "lost", DELETED)


def overview(workspace: Workspace, work: Work) -> None:
    """Shows the totals of a period, the jobs in it, and one of them from near."""
    if not work.found:
        _nothing_yet()
        return
    work = work.of(jobs_of_period(work.found))
    if not work.found:
        st.info("No job began in this period. Choose a longer one.")
        return
    _metrics(work)
    _groups(work)
    st.subheader("Jobs", anchor=False)
    job_table(work)
    one_job(workspace, work)


def _nothing_yet() -> None:
    st.info(
        "Nothing is measured yet. Each run, batch, scoring and service records what processors, "
        "memory and GPUs take, also if it fails. Here it is added up, told as CO2eq, and put into "
        "a sentence for a paper."
    )
    st.page_link(page_path("finetune"), label="Start a run", icon=":material/tune:")


def _metrics(work: Work) -> None:
    whole = grand_total(work.found)
    devices_kwh = whole.energy.total_kwh
    co2_kg = work.co2_kg(devices_kwh)
    about = f"The devices' {kwh_words(devices_kwh)} × PUE {work.pue:g}."
    with st.container(horizontal=True):
        st.metric("Energy", kwh_words(work.kwh(devices_kwh)), border=True, help=about)
        st.metric(
            "CO2eq",
            "no grid chosen" if co2_kg is None else co2_words(co2_kg).removesuffix(" CO2eq"),
            border=True,
            help=plain(basis_words(work)),
        )
        st.metric(
            "Time of work",
            duration(whole.seconds),
            border=True,
            help="Of all jobs together; what ran at the same time counts twice.",
        )
        st.metric("Jobs", f"{whole.num_jobs:,}", border=True)
    st.caption(plain(_share_words(work, whole)))


def _share_words(work: Work, whole: Total) -> str:
    """Says what is counted besides what went well, and how much of the energy is guessed."""
    states = Counter(work.state(each.job_id) for each in work.found)
    ended = [f"{states[state]:,} {state}" for state in _UNFINISHED if states[state]]
    num_active = sum(states[state] for state in ACTIVE)
    parts = [f"Counted with them: {', '.join(ended)}"] if ended else []
    if num_active:
        parts.append(f"{counted(num_active, 'job')} at work, until now")
    guessed = sum(each.heuristic_share * each.total.energy.total_kwh for each in work.found)
    if whole.energy.total_kwh:
        share = guessed / whole.energy.total_kwh
        parts.append(f"{share:.0%} of the energy is guessed from the size of the memory")
    return " · ".join([*parts, basis_words(work)])


def _groups(work: Work) -> None:
    st.subheader("Where it went", anchor=False)
    by = st.segmented_control(
        "Group by",
        list(GROUPINGS),
        default="run",
        required=True,
        key="emissions.by",
        persist_state="session",
        label_visibility="collapsed",
        format_func=str.capitalize,
    )
    groups = totals(work.found, by or "run")
    shown = _shortened(groups)
    st.plotly_chart(
        totals_chart(shown, work.basis, pue=work.pue),
        width="stretch",
        key="emissions.groups",
        alt=f"Energy by {by}, with the shares of GPU, CPU and memory",
    )
    if by == "search":
        st.caption("A search counts as one sum: all its trials, those that failed too.")
    with st.expander("In figures"):
        _figures(groups, work)


def _shortened(groups: Sequence[Total]) -> list[Total]:
    """Gives the largest groups, and the others as one; of months the last ones."""
    if len(groups) <= MOST_BARS:
        return list(groups)
    ranked = sorted(groups, key=lambda each: -each.energy.total_kwh)
    kept = {each.key for each in ranked[:MOST_BARS]}
    rest = ranked[MOST_BARS:]
    others = Total(
        f"{len(rest):,} others",
        sum(each.num_jobs for each in rest),
        sum(each.seconds for each in rest),
        sum((each.energy for each in rest), Energy()),
    )
    return [*(each for each in groups if each.key in kept), others]


def _figures(groups: Sequence[Total], work: Work) -> None:
    factor, unit = energy_unit(work.kwh(each.energy.total_kwh) for each in groups)
    rows = [
        {
            "Group": each.label,
            "Jobs": each.num_jobs,
            "Time": duration(each.seconds),
            f"GPU, {unit}": work.kwh(each.energy.gpu_kwh) / factor,
            f"CPU, {unit}": work.kwh(each.energy.cpu_kwh) / factor,
            f"RAM, {unit}": work.kwh(each.energy.ram_kwh) / factor,
            f"Energy, {unit}": work.kwh(each.energy.total_kwh) / factor,
            "CO2eq, kg": work.co2_kg(each.energy.total_kwh),
        }
        for each in groups
    ]
    numbers = [name for name in rows[0] if "," in name]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="emissions.figures",
        column_config={name: st.column_config.NumberColumn(format="%.3g") for name in numbers},
    )
    if work.pue != 1:
        st.caption(f"All with PUE {work.pue:g}.")
