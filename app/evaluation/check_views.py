"""The rates of what checks found, and how often a glossary's terms were kept."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.evaluation.charts import bar_chart
from app.evaluation.choice import Choice
from app.evaluation.computed import job_view
from app.evaluation.findings import findings
from app.evaluation.glossary_views import glossary_view
from app.evaluation.positions import picked_row, segments_button
from core.evaluate.causes.checks import CHECKS, Finding
from core.evaluate.causes.stored_findings import Findings
from core.evaluate.evaluating import Evaluated
from core.storage.workspace import Workspace


def check_view(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows how often each check found something, and the terms of a glossary."""
    of_sets = findings(workspace, choice.settings, found)
    if of_sets is None:
        job_view(
            workspace,
            choice.settings,
            "Looking for defects in so many segments takes minutes: a job does it.",
            button="Run the checks",
            key=found.key,
        )
    else:
        _check_table(choice, of_sets)
    with st.expander("Glossary", icon=":material/menu_book:"):
        glossary_view(choice, found)


def _check_table(choice: Choice, of_sets: Findings) -> None:
    ids = list(of_sets)
    names = {each: choice.names[each] for each in ids}
    rows = [
        {"Check": check.name}
        | {f"rate {each}": of_sets[each][check.key].percent for each in ids}
        | {"Counts": check.description}
        for check in CHECKS
        if any(of_sets[each][check.key].num_applicable for each in ids)
    ]
    columns: dict[str, Any] = {
        f"rate {each}": st.column_config.NumberColumn(name, format="%.1f %%", width=110)
        for each, name in names.items()
    }
    columns["Check"] = st.column_config.TextColumn(width=170, pinned=True)
    columns["Counts"] = st.column_config.TextColumn("What counts", width="large")
    picked = picked_row(rows, columns, key=f"causes.checks.{len(ids)}")
    st.caption(
        "Rates in percent of the segments that a check applies to; a program sees them, so look at "
        "the segments before you believe them. Click a row."
    )
    if picked is not None:
        _check_details(rows[picked]["Check"], of_sets, names)


def _check_details(
    check_name: object, of_sets: dict[str, dict[str, Finding]], names: dict[str, str]
) -> None:
    check = next(each for each in CHECKS if each.name == check_name)
    st.subheader(check.name, anchor=False)
    st.caption(check.description)
    for set_id, name in names.items():
        finding = of_sets[set_id][check.key]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"{name}: {finding.num_found:,} of {finding.num_applicable:,}")
            segments_button(
                f"{check.name} in {name}", finding.positions, key=f"causes.{check.key}.{set_id}"
            )
    st.plotly_chart(
        bar_chart(
            list(names.values()),
            {check.name: [of_sets[each][check.key].percent for each in names]},
            title=check.name,
            unit="% of segments",
        ),
        width="stretch",
        key=f"causes.chart.{check.key}",
    )
