"""The period that the page adds up; a job belongs to the day in UTC on which it began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import streamlit as st

from core.emissions.energy import JobEnergy

_ALL, _OWN = "All time", "Chosen days"
_DAYS = {"7 days": 7, "30 days": 30, "12 months": 365}


def jobs_of_period(found: Sequence[JobEnergy]) -> list[JobEnergy]:
    """Shows the choice of a period and gives the jobs that began in it."""
    chosen = st.segmented_control(
        "Period",
        [_ALL, *_DAYS, _OWN],
        default=_ALL,
        required=True,
        key="emissions.period",
        persist_state="session",
        help="By the day on which a job began, in UTC.",
    )
    first, last = _days(chosen or _ALL, found)
    return [each for each in found if first <= each.started_at[:10] <= last]


def _days(chosen: str, found: Sequence[JobEnergy]) -> tuple[str, str]:
    """Gives the first and the last day as ISO dates, which compare as texts."""
    today = datetime.now(UTC).date()
    if chosen in _DAYS:
        return (today - timedelta(days=_DAYS[chosen] - 1)).isoformat(), "9999"
    if chosen == _ALL:
        return "", "9999"
    oldest = min((each.started_at[:10] for each in found if each.started_at), default="")
    earliest = datetime.fromisoformat(oldest).date() if oldest else today
    picked = st.date_input(
        "Days", (earliest, today), key="emissions.days", persist_state="session", width=260
    )
    days = picked if isinstance(picked, tuple) else (picked,)
    # While the second day is not chosen yet, there is one only.
    return (days[0].isoformat(), days[-1].isoformat()) if days else ("", "9999")
