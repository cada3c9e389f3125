"""A rater's own data: to take along, or to have deleted."""

from __future__ import annotations

import json

import streamlit as st

from app.access.visiting import visitor
from app.judging.rate_who import is_onlooker
from app.judging.wording import Wording
from app.state import session
from core.annotate.privacy import delete_my_data, my_data
from core.storage.campaign_records import Campaign, Rater
from core.storage.workspace import Workspace


def own_data(workspace: Workspace, campaign: Campaign, rater: Rater, wording: Wording) -> None:
    """Offers what was stored of the rater, and its deletion."""
    t = wording.t
    with st.expander(t("rate.my_data"), icon=":material/shield_person:"):
        st.write(t("rate.my_data_text"))
        st.download_button(
            t("rate.my_data_download"),
            lambda: json.dumps(my_data(workspace, rater.id), ensure_ascii=False, indent=1),
            file_name="my-ratings.json",
            mime="application/json",
            key="rate.mine",
        )
        if st.button(t("rate.delete"), key="rate.delete", disabled=is_onlooker(visitor(), rater)):
            _confirm(workspace, rater, wording)


def _confirm(workspace: Workspace, rater: Rater, wording: Wording) -> None:
    t = wording.t

    @st.dialog(t("rate.delete"))
    def window() -> None:
        st.write(t("rate.delete_text"))
        with st.container(horizontal=True):
            if st.button(t("rate.delete_yes"), type="primary", key="rate.delete.yes"):
                delete_my_data(workspace, rater.id)
                session().rate.rater_id = ""
                st.rerun()
            if st.button(t("rate.delete_no"), key="rate.delete.no"):
                st.rerun()

    window()
