"""A campaign's guidelines, in the rater's language where there are some."""

from __future__ import annotations

import streamlit as st

from app.judging.wording import Wording
from core.annotate.campaign_data import Protocol
from core.annotate.settings import CampaignSettings
from core.annotate.typologies import Typology


def show_guidelines(
    settings: CampaignSettings, protocol: Protocol, wording: Wording, language: str
) -> None:
    """Shows guidelines, what the scores mean, and the categories, in a window of their own."""

    @st.dialog(wording.t("rate.guidelines"), width="large")
    def window() -> None:
        text = settings.guidelines_for(language)
        with st.container(key="bidi-guidelines"):
            st.text(text or wording.t(f"rate.task.{protocol}"), width="stretch")
        if protocol in ("sqm", "mqm") and (protocol == "sqm" or settings.asks_sqm):
            for value in range(6, -1, -1):
                st.text(f"{value}  {wording.t(f'sqm.{value}')}")
        if protocol == "mqm":
            _categories(settings.chosen_typology, wording)

    window()


def _categories(typology: Typology, wording: Wording) -> None:
    st.subheader(wording.t("rate.categories"), anchor=False)
    for category in typology.categories:
        st.text(f"• {wording.category(category.name)}")
    st.subheader(wording.t("rate.severities"), anchor=False)
    for severity in typology.severities:
        st.text(f"• {wording.severity(severity)}: {wording.t(f'rate.severity.{severity}')}")
