"""Which errors each system makes: a heat table by category or dimension, and all counts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.judging.computed_results import ScoringChoice, errors_of
from app.judging.results_charts import error_chart
from app.problem_views import shown_in_place
from core.annotate.campaign_data import CampaignData
from core.annotate.results.error_profile import ErrorCount, ErrorProfile

ALL = "all severities"
RATE, COUNT, SHARE = "For 100 judgements", "Count", "Share of points, %"
CATEGORIES, DIMENSIONS = "Categories", "Dimensions"


def errors_view(data: CampaignData, choice: ScoringChoice) -> None:
    """Shows what goes wrong, by system."""
    if data.protocol not in ("mqm", "esa"):
        st.info("No errors are marked in this campaign: raters gave scores or ranks only.")
        return
    with shown_in_place("Not counted"):
        profile = errors_of(data, choice)
        if not profile.counts:
            st.info("No errors yet: nothing was marked in the segments that are finished.")
            return
        _heat_table(profile)
        _count_table(profile)


def _heat_table(profile: ErrorProfile) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.segmented_control(
            "Show", [RATE, COUNT, SHARE], default=RATE, required=True, key="agreement.errors.show"
        )
        rows = st.segmented_control(
            "By", [CATEGORIES, DIMENSIONS], default=CATEGORIES, required=True, key="agreement.by"
        )
        severity = ALL
        if rows == CATEGORIES:
            severity = st.selectbox(
                "Severity",
                [ALL, *profile.severities],
                key=f"agreement.severity.{len(profile.severities)}",
                width=200,
            )
    counts = _counts(profile, str(rows), severity)
    values = [_value(each, str(shown)) for each in counts]
    st.plotly_chart(
        error_chart(counts, profile.systems, values), width="stretch", key="agreement.errors"
    )
    num = ", ".join(str(profile.num_judgements[name]) for name in profile.systems)
    st.caption(
        f"Judgements by system, in this order: {num}; an output that two raters judged counts "
        f"twice. Points by {profile.preset}; points of zero have no share."
    )


def _counts(profile: ErrorProfile, rows: str, severity: str) -> tuple[ErrorCount, ...]:
    if rows == DIMENSIONS:
        return profile.dimensions
    if severity == ALL:
        return profile.categories
    return tuple(each for each in profile.counts if each.severity == severity)


def _value(each: ErrorCount, shown: str) -> float:
    if shown == SHARE:
        return 100 * (each.share or 0.0)
    return each.per_100 if shown == RATE else float(each.count)


def _count_table(profile: ErrorProfile) -> None:
    rows = [
        {
            "System": each.system,
            "Category": each.category,
            "Severity": each.severity,
            "Count": each.count,
            RATE: each.per_100,
            "Points": each.points,
            SHARE: None if each.share is None else 100 * each.share,
        }
        for each in profile.counts
    ]
    columns: dict[str, Any] = {
        name: st.column_config.NumberColumn(format="%.1f", width=130)
        for name in (RATE, "Points", SHARE)
    }
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height=360,
        column_config=columns,
        placeholder="–",
        key="agreement.errors.table",
        alt="Errors by system, category and severity",
    )
