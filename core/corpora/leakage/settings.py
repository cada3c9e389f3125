"""How hard leaks are looked for."""

from __future__ import annotations

from pydantic import Field

from core.settings import Settings


class LeakSettings(Settings):
    """What counts as a leak, and how many of them are listed."""

    # In LoResMT2021 English-Irish, pairs from 0.8 on are quotations of one text in another; from
    # 0.75 down they are other sentences built alike ("There is no specific treatment for measles",
    # 0.67 of which is in "There is no specific treatment for COVID-19 but …").
    near_threshold: float = Field(
        default=0.8,
        ge=0.5,
        le=1.0,
        title="Near from (share of 5-grams)",
        description="From which share of 5-grams on a segment counts as nearly the same.",
    )
    looks_for_near: bool = Field(
        default=True,
        title="Look for near ones, too",
        description="Whether nearly equal segments are looked for, not only equal ones.",
    )
    max_listed: int = Field(
        default=20,
        ge=1,
        le=1000,
        title="Rows listed for one text",
        description="Rows listed for one text; every leaking row is listed once in any case.",
    )
