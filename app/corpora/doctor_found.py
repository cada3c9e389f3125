"""What a check found, in numbers."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.corpora.doctor.checks import CHECKS
from core.corpora.doctor.examining import Examination
from core.corpora.doctor.settings import DoctorSettings
from core.storage.corpus_records import SPLITS


def figures(found: Examination, doctor: DoctorSettings) -> None:
    """Shows how many rows there are, and how many of them were flagged."""
    rows, flagged = sum(found.num_rows.values()), sum(found.num_flagged.values())
    by_split = ", ".join(f"{split} {found.num_flagged.get(split, 0):,}" for split in SPLITS)
    with st.container(horizontal=True):
        st.metric("Rows", f"{rows:,}", border=True)
        st.metric("Flagged", f"{flagged:,}", border=True, help=f"By at least one check: {by_split}")
        share = f"{flagged / rows:.1%}" if rows else "–"
        st.metric("Share", share, border=True, help="Flagged rows of all rows")
        if doctor.has_repairs:
            mended = sum(found.num_repaired.values())
            st.metric(
                "Would be mended", f"{mended:,}", border=True, help="Rows that a repair changes"
            )


def check_table(found: Examination) -> None:
    """Shows each check that was made, those that flagged most first."""
    keys = sorted(found.counts, key=lambda key: -found.count(key))
    flagging = [key for key in keys if found.count(key)]
    rows = [
        {
            "Check": CHECKS[key].label,
            "Flagged": found.count(key),
            **{split.capitalize(): found.count(key, split) for split in SPLITS},
            "Alone": sum(found.alone.get(key, {}).values()),
            "What it means": CHECKS[key].description,
        }
        for key in flagging
    ]
    most = max((found.count(key) for key in flagging), default=1)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key="doctor.checks",
        alt="Flagged rows by check and split",
        column_config={
            "Check": st.column_config.TextColumn(width=190, pinned=True),
            "Flagged": st.column_config.ProgressColumn(
                format="%d", min_value=0, max_value=most, width=130
            ),
            **{split.capitalize(): st.column_config.NumberColumn(width=60) for split in SPLITS},
            "Alone": st.column_config.NumberColumn(
                width=70,
                help="Rows that no other check flagged: so many come back if it is switched off",
            ),
        },
    )
    silent = [CHECKS[key].label for key in keys if not found.count(key)]
    if silent:
        st.caption(f"Nothing was found by: {', '.join(silent)}.")
