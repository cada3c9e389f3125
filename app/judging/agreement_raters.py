"""How each rater works: strictness, speed, hidden checks, and who should be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.judging import agreement_wording as wording
from app.text import plain
from core.annotate.agreement.rater_table import RaterQuality


def raters_view(raters: Sequence[RaterQuality], scale: str) -> None:
    """Shows the table of raters, and in sentences what does not look like careful work.

    Args:
        raters: At least one.
        scale: Of the scores whose differences are shown.
    """
    st.subheader("Each rater", anchor=False)
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns: dict[str, Any] = {
        "Rater": text(width=110, pinned=True),
        "Bias": number(format="%+.2f", width=75, help=wording.BIAS),
        "Seconds": number(format="%.0f", width=80, help="Median of an item, pauses left out."),
        "Words an hour": number(format="%.0f", width=115, help=wording.SPEED),
        "Warned, %": number(format="%.0f", width=90, help=wording.WARNED),
        "Spoilt seen": text(width=140, help=wording.SPOILT),
        "Repeats": text(width=130, help=wording.REPEATS),
        "Hidden gold": text(width=100, help=wording.GOLD),
        "Failed checks": number(width=100, help="Spoilt outputs not seen, and wrong answers."),
    }
    for name in {name for rater in raters for name in rater.errors_per_item}:
        columns[_errors(name)] = number(format="%.2f", width=110)
    st.dataframe(
        pd.DataFrame(_rows(raters)),
        hide_index=True,
        width="stretch",
        column_config=columns,
        placeholder="–",
        key=f"agreement.raters.{len(raters)}",
        alt="How each rater works",
    )
    if any(rater.bias is not None for rater in raters):
        st.caption(plain(f"Bias in points of: {scale}."))
    _suspicious(raters)


def _rows(raters: Sequence[RaterQuality]) -> list[dict[str, Any]]:
    """Gives the cells; columns that would be empty for all raters are left out."""
    rows = [_row(rater) for rater in raters]
    filled = {name for row in rows for name, value in row.items() if value is not None}
    order = dict.fromkeys(name for row in rows for name in row if name in filled)
    return [{name: row.get(name) for name in order} for row in rows]


def _row(rater: RaterQuality) -> dict[str, Any]:
    seconds, checks = rater.median_active_s, rater.checks
    return {
        "Rater": rater.rater,
        "": "⚠ look at" if rater.is_suspicious else None,
        "Items": rater.num_items,
        "Bias": rater.bias,
        **{_errors(name): value for name, value in rater.errors_per_item.items()},
        "Seconds": seconds,
        "Words an hour": rater.words_per_h,
        "Warned, %": 100 * rater.warnings_share,
        **_check_cells(rater),
        "Failed checks": checks.num_failed if checks.degraded or checks.gold else None,
    }


def _check_cells(rater: RaterQuality) -> dict[str, str | None]:
    degraded, repeats, gold = rater.checks.degraded, rater.checks.repeats, rater.checks.gold
    cells: dict[str, str | None] = {"Spoilt seen": None, "Repeats": None, "Hidden gold": None}
    if degraded is not None:
        num_seen = degraded.num - degraded.num_not_lower
        cells["Spoilt seen"] = f"{num_seen} of {degraded.num}, p {_p(degraded.p)}"
    if repeats is not None:
        distance = "" if repeats.mean_distance is None else f", ±{repeats.mean_distance:.1f}"
        cells["Repeats"] = f"{round(repeats.share_same * repeats.num)} of {repeats.num}{distance}"
    if gold is not None:
        cells["Hidden gold"] = f"{gold.num_agreed} of {gold.num}"
    return cells


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _errors(severity: str) -> str:
    return f"{severity.capitalize()} an item"


def _suspicious(raters: Sequence[RaterQuality]) -> None:
    for rater in raters:
        for sentence in rater.suspicions:
            st.text(f"⚠ {rater.rater}: {sentence}")
    if any(rater.is_suspicious for rater in raters):
        st.caption(
            "A sentence like these is a reason to look at this work and to talk, no proof: short "
            "or easy segments, or guidelines that were read differently, look alike."
        )
    elif not any(rater.num_checks for rater in raters):
        st.caption(
            "This campaign has no hidden checks. Spoilt outputs, repeats and hidden gold tell "
            "careful from careless work; they are set when a campaign is made."
        )
