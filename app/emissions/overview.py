"""Overview: what all the work of a period took, by whatever it is grouped, and job by job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.emissions.amount_columns import AmountColumns
from app.emissions.badges import badge_row
from app.emissions.charts import totals_chart
from app.emissions.job_table import job_table
from app.emissions.one_job import one_job
from app.emissions.period import jobs_of_period
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
    badge_row(work.found, "Energy and CO2eq" if work.basis else "Energy")
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


def _groupings(work: Work) -> list[str]:
    """Gives what can be told apart: without a search there is nothing to group by it."""
    has_searches = any(each.study for each in work.found)
    return [each for each in GROUPINGS if each != "search" or has_searches]


def _groups(work: Work) -> None:
    st.subheader("Where it went", anchor=False)
    by = st.segmented_control(
        "Group by",
        _groupings(work),
        default="run",
        required=True,
        key="emissions.by",
        persist_state="session",
        label_visibility="collapsed",
        format_func=str.capitalize,
    )
    groups = totals(work.found, by or "run", names=work.searches)
    shown = _shortened(groups, by or "run")
    st.plotly_chart(
        totals_chart(shown, work.basis, pue=work.pue),
        width="stretch",
        key="emissions.groups",
        alt=_alt(by or "run", groups, work),
    )
    badge_row(work.found, "The bars")
    if by == "search":
        st.caption(
            "A search counts as one sum: all its trials, those that failed too, and the full runs "
            "that came out of it."
        )
    with st.expander("In figures"):
        _figures(groups, work)


def _alt(by: str, groups: Sequence[Total], work: Work) -> str:
    most = max(groups, key=lambda each: each.energy.total_kwh)
    kwh = kwh_words(work.kwh(most.energy.total_kwh))
    return f"Energy by {by}, with the shares of GPU, CPU and memory; most: {most.label}, {kwh}"


def _shortened(groups: Sequence[Total], by: str) -> list[Total]:
    """Gives the largest groups, then the others as one; of months the last ones, in order."""
    if len(groups) <= MOST_BARS:
        return list(groups)
    if by == "month":
        earlier, last = groups[:-MOST_BARS], groups[-MOST_BARS:]
        return [_together(counted(len(earlier), "earlier month"), earlier), *last]
    return [
        *groups[:MOST_BARS],
        _together(f"{len(groups) - MOST_BARS:,} others", groups[MOST_BARS:]),
    ]


def _together(label: str, groups: Sequence[Total]) -> Total:
    return Total(
        label,
        sum(each.num_jobs for each in groups),
        sum(each.seconds for each in groups),
        sum((each.energy for each in groups), Energy()),
    )


def _figures(groups: Sequence[Total], work: Work) -> None:
    columns = AmountColumns(work, (each.energy.total_kwh for each in groups))
    rows = [
        {
            "Group": each.label,
            "Jobs": each.num_jobs,
            "Time": duration(each.seconds),
            **columns.energy("GPU", each.energy.gpu_kwh),
            **columns.energy("CPU", each.energy.cpu_kwh),
            **columns.energy("RAM", each.energy.ram_kwh),
            **columns.energy("Energy", each.energy.total_kwh),
            **columns.co2(each.energy.total_kwh),
        }
        for each in groups
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="emissions.figures",
        column_config=columns.config(rows[0]),
    )
    if work.pue != 1:
        st.caption(f"All with PUE {work.pue:g}.")
